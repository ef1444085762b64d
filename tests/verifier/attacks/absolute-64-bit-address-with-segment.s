# rule: OPERAND_SEGMENT
# The same with the segment's prefix.
        .include "attack.inc"
        function bh_start
        .byte 0x65
        movabsq 0x1122334455667788, %rax
        ret
        end bh_start
