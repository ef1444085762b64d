# rule: OPERAND_SEGMENT
# A base that always has a displacement has one that is not 0.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %rbp
        movslq 4(%rbp,%rax,4), %rax
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
