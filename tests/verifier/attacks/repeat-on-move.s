# rule: PREFIX
# A repeat prefix on an instruction that does not repeat.
        .include "attack.inc"
        function bh_start
        .byte 0xf3, 0x48, 0x89, 0xc1
        ret
        end bh_start
