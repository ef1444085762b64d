# accepted
# The closest legal form of function-in-data.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .data
        .balign 16
place:
        .quad 0xc3
        .text
