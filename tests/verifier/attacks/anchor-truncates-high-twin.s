# rule: ANCHOR
# %ecx is truncated, %r9 is used: the same three bits.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        movq (%r11,%r9), %rax
        ret
        end bh_start
