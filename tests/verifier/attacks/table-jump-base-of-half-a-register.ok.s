# accepted
# The closest legal form of table-jump-base-of-half-a-register.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r13d
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
