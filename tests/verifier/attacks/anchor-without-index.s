# rule: OPERAND_SEGMENT
# No index.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movq (%r11), %rax
        ret
        end bh_start
