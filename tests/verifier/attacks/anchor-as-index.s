# rule: OPERAND_SEGMENT
# Base and index change places.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        movq (%rcx,%r11), %rax
        ret
        end bh_start
