# rule: OPERAND_SEGMENT
# The index is compared with what a register holds.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl %esi, %eax
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
