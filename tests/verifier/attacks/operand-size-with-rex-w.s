# rule: PREFIX
# Operand size given twice: how long is the immediate?
        .include "attack.inc"
        function bh_start
        .byte 0x66, 0x48, 0x05, 1, 0, 0, 0
        ret
        end bh_start
