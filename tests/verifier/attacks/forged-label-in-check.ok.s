# accepted
# The closest legal form of forged-label-in-check.s.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        checked call, 0x13572468+1
        ret
        end bh_start
