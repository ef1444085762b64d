# accepted
# The closest legal form of table-jump-loads-with-displacement-of-rbp.s.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %rbp
        movslq (%rbp,%rax,4), %rax
        addq %rbp, %rax
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
