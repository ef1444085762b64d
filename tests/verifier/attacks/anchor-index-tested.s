# rule: ANCHOR
# The index is looked at, not cut to 32 bits.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        testl %ecx, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
