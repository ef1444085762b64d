# accepted
# The closest legal form of far-jump-of-64-bits.s.
        .include "attack.inc"
        function bh_start
        nop
        ret
        end bh_start
