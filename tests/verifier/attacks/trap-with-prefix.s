# rule: PREFIX
# A trap behind prefixes: decoders differ in how many of them belong to it.
        .include "attack.inc"
        function bh_start
        .byte 0xf0, 0x48, 0xf3, 0x4b, 0x0f, 0x0b
        ret
        end bh_start
