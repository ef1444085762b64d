# accepted
# The closest legal form of bound-prefix-on-jump.s.
        .include "attack.inc"
        function bh_start
        .byte 0xe9, 0, 0, 0, 0
        ret
        end bh_start
