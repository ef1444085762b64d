# accepted
# The closest legal form of table-jump-loads-with-small-scale.s.
        .include "attack.inc"
        function bh_start
        andl $2, %ebx
        leaq table(%rip), %rsi
        movslq (%rsi,%rbx,4), %rbx
        addq %rsi, %rbx
        jmp *%rbx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
