# rule: ANCHOR
# The anchor was made in the function that jumps here.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        jmp other
        end bh_start

        function other
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end other
