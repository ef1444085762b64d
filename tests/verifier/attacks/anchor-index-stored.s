# rule: ANCHOR
# The move goes the other way: to memory.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %ecx, %gs:(%eax)
        movq (%r11,%rcx), %rax
        ret
        end bh_start
