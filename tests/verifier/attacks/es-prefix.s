# rule: PREFIX
# A segment prefix that the decoder may show and the processor ignores.
        .include "attack.inc"
        function bh_start
        .byte 0x26, 0x65, 0x67, 0x48, 0x89, 0x01
        ret
        end bh_start
