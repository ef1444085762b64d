# rule: PREFIX
# A segment prefix where there is no memory.
        .include "attack.inc"
        function bh_start
        .byte 0x65, 0x48, 0x89, 0xc1
        ret
        end bh_start
