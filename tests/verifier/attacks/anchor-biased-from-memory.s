# rule: OPERAND_SEGMENT
# What looks like a bias loads through the anchor.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        addq 8(%r11), %r11
        movl %ecx, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
