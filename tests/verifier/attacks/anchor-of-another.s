# rule: ANCHOR
# One register holds the base, the operand uses another.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r10
        movl %ecx, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
