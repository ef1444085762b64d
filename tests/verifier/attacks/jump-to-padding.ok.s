# accepted
# The closest legal form of jump-to-padding.s.
        .include "attack.inc"
        function bh_start
        jmp 1f
        .balign 16, 0x90
1:
        nop
        ret
        end bh_start
        function other
        ret
        end other
