# accepted
# The closest legal form of rex-before-prefix.s.
        .include "attack.inc"
        function bh_start
        .byte 0x65, 0x67, 0x48, 0x89, 0x01
        ret
        end bh_start
