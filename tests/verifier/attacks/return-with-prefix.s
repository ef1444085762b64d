# rule: INSTRUCTION
# A prefix that nobody needs in front of a return.
        .include "attack.inc"
        function bh_start
        .byte 0xf3
        ret
        end bh_start
