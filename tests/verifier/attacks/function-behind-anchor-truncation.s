# rule: BRANCH_SEQUENCE
# The use is the entry of another function, reached by calls without the truncation.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        .fill 5, 1, 0x90
        movl %eax, %ecx
        function other
        movq (%r11,%rcx), %rax
        ret
        end other
