# rule: PREFIX
# A segment prefix as a branch hint.
        .include "attack.inc"
        function bh_start
        .byte 0x2e, 0x74, 0
        ret
        end bh_start
