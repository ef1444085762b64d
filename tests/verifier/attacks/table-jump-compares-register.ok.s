# accepted
# The closest legal form of table-jump-compares-register.s.
        .include "attack.inc"
        function bh_start
        movl %esi, %eax
        cmpl $3, %eax
        jae .Lout
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
