# rule: ANCHOR
# The anchor is written behind its definition.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        sete %r11b
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
