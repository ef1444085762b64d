# rule: ANCHOR
# Truncated, the anchor holds the base no longer.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %r11d, %r11d
        movq (%r11,%r11), %rax
        ret
        end bh_start
