# rule: PREFIX
# A locked addition to a register, which the decoder knows and the processor does not.
        .include "attack.inc"
        function bh_start
        .byte 0xf0, 0x65, 0x67, 0x03, 0x01
        ret
        end bh_start
