# accepted
# The closest legal form of functions-in-any-order.s.
        .include "attack.inc"
        listed second
        function bh_start
        nop
        jmp second
        end bh_start
        .balign 16, 0x90
second:
        nop
        ret
        end second
