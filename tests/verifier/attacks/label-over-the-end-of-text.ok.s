# accepted
# The closest legal form of label-over-the-end-of-text.s.
        .include "attack.inc"
        function bh_start
        checked call, 0x00000037
        ret
        end bh_start
        function other
        ret
        .byte 0xb0, 0x38
        end other
