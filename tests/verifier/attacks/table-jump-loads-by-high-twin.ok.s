# accepted
# The closest legal form of table-jump-loads-by-high-twin.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r8d
        leaq table(%rip), %r9
        movslq (%r9,%r8,4), %r8
        addq %r9, %r8
        jmp *%r8
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
