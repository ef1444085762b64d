# rule: OPERAND_SEGMENT
# The index is compared, and nothing comes of it.
        .include "attack.inc"
        function bh_start
        cmpl $2, %eax
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
