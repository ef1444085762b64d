# rule: PREFIX
# bswap of 16 bits is undefined.
        .include "attack.inc"
        function bh_start
        .byte 0x66, 0x0f, 0xc8
        ret
        end bh_start
