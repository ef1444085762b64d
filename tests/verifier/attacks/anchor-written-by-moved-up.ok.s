# accepted
# The closest legal form of anchor-written-by-moved-up.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        addq $1, %r10
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
