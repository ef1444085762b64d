# rule: OPERAND_SEGMENT
# The index has something added to it in front of the jump.
        .include "attack.inc"
        function bh_start
        movl %edi, %edx
        addl $1000, %edx
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
