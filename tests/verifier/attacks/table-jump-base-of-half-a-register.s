# rule: OPERAND_SEGMENT
# The table's address is cut to 32 bits.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        .byte 0x40, 0x8d, 0x0d
        .long table - . - 4
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
