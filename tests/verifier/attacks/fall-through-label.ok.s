# accepted
# The closest legal form of fall-through-label.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        labelled other, 0x13572468
        ret
        end other
