# rule: OPERAND_SEGMENT
# The mask has 64 bits, and the upper ones are those of its sign.
        .include "attack.inc"
        function bh_start
        andq $2, %rax
        leaq table(%rip), %rcx
        movslq (%rcx,%rax,4), %rax
        addq %rcx, %rax
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
