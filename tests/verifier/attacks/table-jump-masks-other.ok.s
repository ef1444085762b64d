# accepted
# The closest legal form of table-jump-masks-other.s.
        .include "attack.inc"
        function bh_start
        andl $2, %edx
        leaq table(%rip), %rcx
        movslq (%rcx,%rdx,4), %rdx
        addq %rcx, %rdx
        jmp *%rdx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
