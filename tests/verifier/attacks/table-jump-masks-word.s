# rule: OPERAND_SEGMENT
# Only 16 bits of the index are masked.
        .include "attack.inc"
        function bh_start
        andw $2, %ax
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
