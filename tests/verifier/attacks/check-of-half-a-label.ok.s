# accepted
# The closest legal form of check-of-half-a-label.s.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        ret
        end bh_start
