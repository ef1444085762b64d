# rule: ANCHOR
# Another register than the index is truncated.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %edx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
