# rule: ANCHOR
# The data stack idiom uses the register.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movq %rsp, %r11
        andq $-65536, %r11
        movq (%r11), %rdx
        movl %ecx, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
