# rule: PREFIX
# The same with a conditional branch.
        .include "attack.inc"
        function bh_start
        .byte 0x66, 0x0f, 0x84, 0, 0, 0, 0
        ret
        end bh_start
