# rule: ANCHOR
# A displacement reaches beyond the guard.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        movq 0x40000000(%r11,%rcx), %rax
        ret
        end bh_start
