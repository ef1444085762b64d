# rule: ANCHOR
# Something stands between truncation and use.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        negq %rcx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
