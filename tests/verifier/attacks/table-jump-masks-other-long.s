# rule: OPERAND_SEGMENT
# Another register than the index is masked, in the long form.
        .include "attack.inc"
        function bh_start
        .byte 0x81, 0xe2, 2, 0, 0, 0
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
