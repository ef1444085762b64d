# rule: PREFIX
# A store of 16 bytes, by a prefix that capstone 4 overlooks in front of others: it sees one of 8.
        .include "attack.inc"
        function bh_start
        .byte 0xf3, 0x65, 0x67, 0x0f, 0x7f, 0x29
        ret
        end bh_start
