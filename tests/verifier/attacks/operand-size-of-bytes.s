# rule: PREFIX
# An operand size in front of an operation on bytes, which has no other.
        .include "attack.inc"
        function bh_start
        .byte 0x66, 0x88, 0xc1
        ret
        end bh_start
