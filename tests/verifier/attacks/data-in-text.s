# rule: DECODE
# Bytes that are not an instruction.
        .include "attack.inc"
        function bh_start
        ret
        .byte 0x06
        end bh_start
