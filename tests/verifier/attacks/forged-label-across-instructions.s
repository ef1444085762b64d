# rule: LABEL
# The label's bytes are made of the end of one instruction and the start of the next.
        .include "attack.inc"
        function bh_start
        checked call, 0x31c35bc0
        ret
        end bh_start
        function other
        .byte 0x48, 0x89, 0xc0, 0x5b, 0xc3, 0x31, 0xc0
        ret
        end other
