# rule: OPERAND_SEGMENT
# The sum has 32 bits.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %rcx
        movslq (%rcx,%rax,4), %rax
        addl %ecx, %eax
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
