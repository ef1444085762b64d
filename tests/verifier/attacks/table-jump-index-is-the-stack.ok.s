# accepted
# The closest legal form of table-jump-index-is-the-stack.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r12d
        leaq table(%rip), %r8
        movslq (%r8,%r12,4), %r12
        addq %r8, %r12
        jmp *%r12
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
