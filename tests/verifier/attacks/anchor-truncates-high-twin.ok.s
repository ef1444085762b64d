# accepted
# The closest legal form of anchor-truncates-high-twin.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %r9d
        movq (%r11,%r9), %rax
        ret
        end bh_start
