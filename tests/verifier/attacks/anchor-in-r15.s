# rule: ANCHOR
# The last of the registers is written.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r15
        movq %rdx, %r15
        movl %ecx, %ecx
        movq (%r15,%rcx), %rax
        ret
        end bh_start
