# rule: OPERAND_SEGMENT
# The base is added twice.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        movq %gs:(%r11,%rcx), %rax
        ret
        end bh_start
