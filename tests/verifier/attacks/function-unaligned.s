# rule: IMAGE_FUNCTIONS
# The function table names a place inside a line.
        .include "attack.inc"
        function bh_start
        jmp place
        nop
place:
        ret
        .fill 32, 1, 0x90
        listed place
        end bh_start
