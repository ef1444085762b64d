# accepted
# The closest legal form of label-in-another-move.s.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        ret
        end bh_start
        labelled other, 0x13572468
        ret
        end other
