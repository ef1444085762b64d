# accepted
# The closest legal form of anchor-truncates-other.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %edx
        movq (%r11,%rdx), %rax
        ret
        end bh_start
