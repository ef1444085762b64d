# rule: ANCHOR
# The base is added to whatever the register held.
        .include "attack.inc"
        function bh_start
        addq %gs:0x10000, %r11
        movl %ecx, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
