# accepted
# The closest legal form of function-unaligned.s.
        .include "attack.inc"
        function bh_start
        jmp place
        .balign 16, 0xcc
place:
        ret
        listed place
        end bh_start
