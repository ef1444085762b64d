# accepted
# The closest legal form of anchor-biased-in-loop.s.
        .include "attack.inc"
        function bh_start
1:
        movq %gs:0x10000, %r11
        leaq 8(%r11), %r11
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        testq %rax, %rax
        jne 1b
        ret
        end bh_start
