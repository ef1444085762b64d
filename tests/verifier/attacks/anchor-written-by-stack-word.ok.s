# accepted
# The closest legal form of anchor-written-by-stack-word.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movq %rsp, %r10
        andq $-65536, %r10
        movq (%r10), %rdx
        movl %ecx, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
