# rule: INSTRUCTION
# A second encoding of fcom, which one decoder knows and another does not.
        .include "attack.inc"
        function bh_start
        .byte 0xdc, 0xd1
        ret
        end bh_start
