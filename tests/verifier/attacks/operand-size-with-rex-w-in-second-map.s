# rule: PREFIX
# Two operand sizes, of which the second one counts.
        .include "attack.inc"
        function bh_start
        .byte 0x66, 0x48, 0x0f, 0xaf, 0xc1
        ret
        end bh_start
