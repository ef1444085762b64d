# rule: INSTRUCTION
# A nop that later processors give a meaning.
        .include "attack.inc"
        function bh_start
        .byte 0x0f, 0x1f, 0x08
        ret
        end bh_start
