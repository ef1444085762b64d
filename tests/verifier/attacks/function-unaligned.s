# rule: IMAGE_FUNCTIONS
# The function table names a place inside a line.
        .include "attack.inc"
        function bh_start
        nop
place:
        ret
        listed place
        end bh_start
