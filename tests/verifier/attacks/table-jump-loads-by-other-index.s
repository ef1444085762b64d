# rule: OPERAND_SEGMENT
# The entry is not the one that was compared.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl $3, %eax
        jae .Lout
        leaq table(%rip), %rcx
        movslq (%rcx,%rdx,4), %rax
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
