# accepted
# The closest legal form of table-jump-masks-bare-memory.s.
        .include "attack.inc"
        function bh_start
        andl $2, %esi
        leaq table(%rip), %rax
        movslq (%rax,%rsi,4), %rsi
        addq %rax, %rsi
        jmp *%rsi
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
