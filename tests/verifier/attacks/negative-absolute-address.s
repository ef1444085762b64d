# rule: OPERAND_SEGMENT
# A displacement below the segment's base.
        .include "attack.inc"
        function bh_start
        .byte 0x65, 0x48, 0x89, 0x04, 0x25
        .long -8
        ret
        end bh_start
