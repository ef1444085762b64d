# rule: ANCHOR
# The index has 64 bits.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movq (%r11,%rcx), %rax
        ret
        end bh_start
