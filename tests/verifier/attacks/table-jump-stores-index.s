# rule: OPERAND_SEGMENT
# The index is stored, and not moved to the register that is compared.
        .include "attack.inc"
        function bh_start
        movl %edi, %gs:(%eax)
        cmpl $3, %eax
        jae .Lout
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
