# accepted
# The closest legal form of table-jump-loads-with-scale.s.
        .include "attack.inc"
        function bh_start
        andl $2, %ebx
        leaq table(%rip), %rbp
        movslq (%rbp,%rbx,4), %rbx
        addq %rbp, %rbx
        jmp *%rbx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
