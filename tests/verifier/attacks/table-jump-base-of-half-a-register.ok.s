# accepted
# The closest legal form of table-jump-base-of-half-a-register.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %r13d
        cmpl $3, %r13d
        jae .Lout
        leaq table(%rip), %r12
        movslq (%r12,%r13,4), %r13
        addq %r12, %r13
        jmp *%r13
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
