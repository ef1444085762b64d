# rule: ANCHOR
# The biased register was made from another one.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        leaq 8(%r10), %r11
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
