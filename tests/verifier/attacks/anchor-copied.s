# rule: ANCHOR
# A copy of an anchor is none: only the table makes them.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movq %r11, %r10
        movl %eax, %ecx
        movq (%r10,%rcx), %rax
        ret
        end bh_start
