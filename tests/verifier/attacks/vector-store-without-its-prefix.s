# rule: PREFIX
# A store of which 66 is a part, without it: capstone 4 takes 67 with REX.W for it.
        .include "attack.inc"
        function bh_start
        .byte 0x65, 0x67, 0x48, 0x0f, 0xd6, 0x01
        ret
        end bh_start
