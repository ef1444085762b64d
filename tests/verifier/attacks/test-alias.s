# rule: INSTRUCTION
# The second encoding of testb $1, %cl, which one decoder knows and another does not.
        .include "attack.inc"
        function bh_start
        .byte 0xf6, 0xc9, 1
        ret
        end bh_start
