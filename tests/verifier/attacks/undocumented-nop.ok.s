# accepted
# The closest legal form of undocumented-nop.s.
        .include "attack.inc"
        function bh_start
        .byte 0x0f, 0x1f, 0x00
        ret
        end bh_start
