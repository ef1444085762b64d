# rule: OPERAND_SEGMENT
# A word in memory is compared, at the index.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl $3, (%rax)
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
