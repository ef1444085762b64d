# accepted
# The closest legal form of halt.s.
        .include "attack.inc"
        function bh_start
        pause
        ret
        end bh_start
