# rule: ANCHOR
# The anchor is written behind its definition.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movq %xmm0, %r11
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
