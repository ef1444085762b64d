# rule: PREFIX
# The same with a call.
        .include "attack.inc"
        function bh_start
        .byte 0x66
        call bh_start
        ret
        end bh_start
