# accepted
# The closest legal form of repeat-on-move.s.
        .include "attack.inc"
        function bh_start
        .byte 0x48, 0x89, 0xc1
        ret
        end bh_start
