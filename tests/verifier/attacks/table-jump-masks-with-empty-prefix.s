# rule: OPERAND_SEGMENT
# %ecx is masked with a REX in front, and %r9 is the index.
        .include "attack.inc"
        function bh_start
        .byte 0x40, 0x83, 0xe1, 2
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
