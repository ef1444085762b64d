# accepted
# The closest legal form of anchor-copied.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movq %gs:0x10000, %r10
        movl %eax, %ecx
        movq (%r10,%rcx), %rax
        ret
        end bh_start
