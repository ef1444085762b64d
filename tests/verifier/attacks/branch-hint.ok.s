# accepted
# The closest legal form of branch-hint.s.
        .include "attack.inc"
        function bh_start
        .byte 0x74, 0
        ret
        end bh_start
