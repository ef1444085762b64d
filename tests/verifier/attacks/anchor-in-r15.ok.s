# accepted
# The closest legal form of anchor-in-r15.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r15
        movq %rdx, %r14
        movl %ecx, %ecx
        movq (%r15,%rcx), %rax
        ret
        end bh_start
