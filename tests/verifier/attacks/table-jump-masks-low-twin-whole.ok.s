# accepted
# The closest legal form of table-jump-masks-low-twin-whole.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r8d
        leaq table(%rip), %rcx
        movslq (%rcx,%r8,4), %r8
        addq %rcx, %r8
        jmp *%r8
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
