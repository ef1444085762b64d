# accepted
# The closest legal form of anchor-index-changed.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        negq %rax
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
