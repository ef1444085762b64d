# rule: ANCHOR
# A move of 64 bits truncates nothing.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movq %rax, %rcx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
