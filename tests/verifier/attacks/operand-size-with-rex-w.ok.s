# accepted
# The closest legal form of operand-size-with-rex-w.s.
        .include "attack.inc"
        function bh_start
        .byte 0x48, 0x05, 1, 0, 0, 0
        ret
        end bh_start
