# rule: ANCHOR
# A move of 8 bits leaves the upper ones.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movb %al, %cl
        movq (%r11,%rcx), %rax
        ret
        end bh_start
