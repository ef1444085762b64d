# accepted
# The closest legal form of forged-label-without-function.s.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        ret
        end bh_start
        labelled other, 0x13572468
        nop
        ret
        end other
