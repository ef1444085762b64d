# rule: OPERAND_SEGMENT
# Other instructions have a mask's register and its small number.
        .include "attack.inc"
        function bh_start
        .byte 0xd1, 0xe0, 0x04, 0x02, 0x00, 0x00
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
