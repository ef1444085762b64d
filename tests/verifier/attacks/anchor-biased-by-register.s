# rule: ANCHOR
# The bias is a register.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        leaq (%r11,%rdi), %r11
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
