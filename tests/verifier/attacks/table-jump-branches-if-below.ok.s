# accepted
# The closest legal form of table-jump-branches-if-below.s.
        .include "attack.inc"
        function bh_start
        movl %r15d, %r12d
        cmpl $3, %r12d
        jae .Lout
        leaq table(%rip), %r14
        movslq (%r14,%r12,4), %r12
        addq %r14, %r12
        jmp *%r12
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
