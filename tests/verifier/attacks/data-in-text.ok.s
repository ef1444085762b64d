# accepted
# The closest legal form of data-in-text.s.
        .include "attack.inc"
        function bh_start
        ret
        .byte 0xcc
        end bh_start
