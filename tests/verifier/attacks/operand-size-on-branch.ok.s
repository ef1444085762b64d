# accepted
# The closest legal form of operand-size-on-branch.s.
        .include "attack.inc"
        function bh_start
        .byte 0x0f, 0x84, 0, 0, 0, 0
        ret
        end bh_start
