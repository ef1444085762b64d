# rule: OPERAND_SEGMENT
# %ecx is masked, and %r9 is the index.
        .include "attack.inc"
        function bh_start
        andl $2, %ecx
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
