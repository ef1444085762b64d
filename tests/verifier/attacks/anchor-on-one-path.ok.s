# accepted
# The closest legal form of anchor-on-one-path.s.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
        je 1f
        movq %gs:0x10000, %r11
        jmp 2f
1:
        movq %gs:0x10000, %r11
        leaq 8(%r11), %r11
2:
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
