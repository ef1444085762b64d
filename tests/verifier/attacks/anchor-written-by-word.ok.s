# accepted
# The closest legal form of anchor-written-by-word.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movw %di, %r10w
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
