# accepted
# The closest legal form of anchor-written-by-byte.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movb %dil, %r10b
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
