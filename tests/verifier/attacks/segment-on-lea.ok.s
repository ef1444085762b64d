# accepted
# The closest legal form of segment-on-lea.s.
        .include "attack.inc"
        function bh_start
        .byte 0x48, 0x8d, 0x01
        ret
        end bh_start
