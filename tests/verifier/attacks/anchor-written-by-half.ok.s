# accepted
# The closest legal form of anchor-written-by-half.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %edi, %r10d
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
