# rule: ANCHOR
# The anchor holds in the first round only.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
1:
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        movq %rax, %r11
        testq %rax, %rax
        jne 1b
        ret
        end bh_start
