# accepted
# The closest legal form of function-behind-anchor-truncation.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        .fill 5, 1, 0x90
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
        function other
        ret
        end other
