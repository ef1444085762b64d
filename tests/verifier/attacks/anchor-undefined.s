# rule: ANCHOR
# Nothing says that %r11 holds the base.
        .include "attack.inc"
        function bh_start
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
