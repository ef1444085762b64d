# rule: OPERAND_SEGMENT
# The short form compares %eax, and the index is %rdx.
        .include "attack.inc"
        function bh_start
        movl %edi, %edx
        .byte 0x3d, 3, 0, 0, 0
        jae .Lout
        leaq table(%rip), %rcx
        movslq (%rcx,%rdx,4), %rdx
        addq %rcx, %rdx
        jmp *%rdx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
