# rule: PREFIX
# A REX in front of another prefix is void.
        .include "attack.inc"
        function bh_start
        .byte 0x48, 0x65, 0x67, 0x89, 0x01
        ret
        end bh_start
