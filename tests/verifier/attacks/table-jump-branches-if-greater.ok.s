# accepted
# The closest legal form of table-jump-branches-if-greater.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %r14d
        cmpl $3, %r14d
        jae .Lout
        leaq table(%rip), %r15
        movslq (%r15,%r14,4), %r14
        addq %r15, %r14
        jmp *%r14
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
