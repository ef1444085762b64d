# rule: OPERAND_SEGMENT
# The base is loaded through %fs in an image of colour gs.
        .include "attack.inc"
        function bh_start
        movq %fs:0x10000, %r11
        movl %ecx, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
