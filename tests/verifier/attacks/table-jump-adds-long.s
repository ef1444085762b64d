# rule: OPERAND_SEGMENT
# The index has something added to it, in the long form.
        .include "attack.inc"
        function bh_start
        addl $1000, %edx
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
