# accepted
# The closest legal form of anchor-lost-in-loop.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
1:
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        movq %rax, %r10
        testq %rax, %rax
        jne 1b
        ret
        end bh_start
