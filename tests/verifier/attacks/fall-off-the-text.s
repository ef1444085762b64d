# rule: FALL_THROUGH
# The last instruction of the text is a call that returns.
        .include "attack.inc"
        function bh_start
        call bh_start
        end bh_start
