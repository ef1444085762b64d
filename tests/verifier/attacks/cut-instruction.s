# rule: DECODE
# The last instruction ends behind the text.
        .include "attack.inc"
        function bh_start
        ret
        .byte 0x48, 0xb8, 1
        end bh_start
