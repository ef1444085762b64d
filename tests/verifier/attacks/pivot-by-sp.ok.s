# accepted
# The closest legal form of pivot-by-sp.s.
        .include "attack.inc"
        function bh_start
        movw %ax, %bp
        ret
        end bh_start
