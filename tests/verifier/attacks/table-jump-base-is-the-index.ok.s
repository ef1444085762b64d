# accepted
# The closest legal form of table-jump-base-is-the-index.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r12d
        leaq table(%rip), %r13
        movslq (%r13,%r12,4), %r12
        addq %r13, %r12
        jmp *%r12
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
