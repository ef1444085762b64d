# accepted
# The closest legal form of table-jump-loads-to-other.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r10d
        leaq table(%rip), %r9
        movslq (%r9,%r10,4), %r10
        addq %r9, %r10
        jmp *%r10
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
