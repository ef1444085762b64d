# rule: PREFIX
# A segment prefix on lea.
        .include "attack.inc"
        function bh_start
        .byte 0x65, 0x48, 0x8d, 0x01
        ret
        end bh_start
