# rule: ANCHOR
# Each round moves the anchor.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        nop
1:
        leaq 8(%r11), %r11
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        testq %rax, %rax
        jne 1b
        ret
        end bh_start
