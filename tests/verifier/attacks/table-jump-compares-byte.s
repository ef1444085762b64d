# rule: OPERAND_SEGMENT
# Only 8 bits of the index are compared.
        .include "attack.inc"
        function bh_start
        movl %edi, %edx
        cmpb $3, %dl
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
