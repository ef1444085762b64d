# rule: FALL_THROUGH
# Jumps into the fillers between two functions and runs on into the next.
        .include "attack.inc"
        function bh_start
        jmp 1f
        .balign 16, 0x90
1:
        nop
        end bh_start
        function other
        ret
        end other
