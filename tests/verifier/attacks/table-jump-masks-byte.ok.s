# accepted
# The closest legal form of table-jump-masks-byte.s.
        .include "attack.inc"
        function bh_start
        andl $2, %esi
        leaq table(%rip), %rcx
        movslq (%rcx,%rsi,4), %rsi
        addq %rcx, %rsi
        jmp *%rsi
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
