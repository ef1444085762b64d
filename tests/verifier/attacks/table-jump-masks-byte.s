# rule: OPERAND_SEGMENT
# Only 8 bits of the index are masked.
        .include "attack.inc"
        function bh_start
        andb $2, %dl
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
