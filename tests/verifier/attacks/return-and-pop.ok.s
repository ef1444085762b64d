# accepted
# The closest legal form of return-and-pop.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
