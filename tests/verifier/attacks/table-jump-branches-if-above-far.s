# rule: OPERAND_SEGMENT
# The index may be the number of entries, in the long form.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl $3, %eax
        .byte 0x0f, 0x87
        .long .Lout - . - 4
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
