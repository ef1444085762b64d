# rule: INSTRUCTION
# The second encoding of shlb $4, %al, which one decoder knows and another does not.
        .include "attack.inc"
        function bh_start
        .byte 0xc0, 0xf0, 4
        ret
        end bh_start
