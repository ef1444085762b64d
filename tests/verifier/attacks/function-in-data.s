# rule: IMAGE_FUNCTIONS
# The function table names a place in data.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .data
        .balign 16
place:
        .quad 0xc3
        .text
        listed place
