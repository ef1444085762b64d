# accepted
# The closest legal form of anchor-stores-with-scale.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        movq %rdi, (%r11,%rcx)
        ret
        end bh_start
