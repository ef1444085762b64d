# rule: OPERAND_SEGMENT
# What is truncated is not the index.
        .include "attack.inc"
        function bh_start
        movl %edi, %edx
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
