# accepted
# The closest legal form of anchor-written-by-from-vector.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movq %xmm0, %r10
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
