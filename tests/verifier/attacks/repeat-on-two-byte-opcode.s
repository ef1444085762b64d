# rule: PREFIX
# rep in front of imul, where it means nothing yet.
        .include "attack.inc"
        function bh_start
        .byte 0xf3, 0x0f, 0xaf, 0xc1
        ret
        end bh_start
