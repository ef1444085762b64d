# rule: OPERAND_SEGMENT
# The load of the base has a 64-bit base register, and a displacement whose bytes look like the right operand.
        .include "attack.inc"
        function bh_start
        .byte 0x65, 0x4c, 0x8b, 0x98, 0x25, 0, 0, 1
        addb %al, %al
        movl %ecx, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
