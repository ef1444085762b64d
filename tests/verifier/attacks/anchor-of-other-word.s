# rule: ANCHOR
# Another word of the table is not the base.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10008, %r11
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
