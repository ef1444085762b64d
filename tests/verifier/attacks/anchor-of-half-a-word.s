# rule: ANCHOR
# Half of the base is loaded.
        .include "attack.inc"
        function bh_start
        movl %gs:0x10000, %r11d
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
