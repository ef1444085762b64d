# rule: OPERAND_SEGMENT
# The base's register is the index's, too.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %rax
        movslq (%rax,%rax,4), %rax
        addq %rax, %rax
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
