# rule: OPERAND_SEGMENT
# A byte below 0 becomes four billion entries.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl $-128, %eax
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
