# accepted
# The closest legal form of call-out-of-image.s.
        .include "attack.inc"
        function bh_start
        call bh_start
        ret
        end bh_start
