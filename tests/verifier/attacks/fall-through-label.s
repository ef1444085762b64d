# rule: FALL_THROUGH
# Runs through a label's bytes into the function behind it.
        .include "attack.inc"
        function bh_start
        nop
        end bh_start
        labelled other, 0x13572468
        ret
        end other
