# rule: PREFIX
# 66 and F3 in front of one opcode: decoders differ in which of them counts.
        .include "attack.inc"
        function bh_start
        .byte 0x66, 0xf3, 0x0f, 0x7e, 0xc1
        ret
        end bh_start
