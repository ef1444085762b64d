# accepted
# The closest legal form of load-data-segment.s.
        .include "attack.inc"
        function bh_start
        movw %ax, %dx
        ret
        end bh_start
