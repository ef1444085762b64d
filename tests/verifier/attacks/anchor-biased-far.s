# rule: ANCHOR
# The bias does not fit a byte.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        leaq 128(%r11), %r11
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
