# accepted
# The closest legal form of anchor-biased-from-memory.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        leaq 8(%r11), %r11
        movl %ecx, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
