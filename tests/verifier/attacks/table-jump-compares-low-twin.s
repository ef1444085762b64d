# rule: OPERAND_SEGMENT
# %ecx is compared, and %r9 is the index.
        .include "attack.inc"
        function bh_start
        movl %edi, %r9d
        cmpl $3, %ecx
        jae .Lout
        leaq table(%rip), %rcx
        movslq (%rcx,%r9,4), %r9
        addq %rcx, %r9
        jmp *%r9
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
