# accepted
# The closest legal form of load-segment-limit.s.
        .include "attack.inc"
        function bh_start
        nop
        ret
        end bh_start
