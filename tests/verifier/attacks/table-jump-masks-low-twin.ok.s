# accepted
# The closest legal form of table-jump-masks-low-twin.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r9d
        leaq table(%rip), %rcx
        movslq (%rcx,%r9,4), %r9
        addq %rcx, %r9
        jmp *%r9
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
