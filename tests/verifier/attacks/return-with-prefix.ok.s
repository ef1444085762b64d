# accepted
# The closest legal form of return-with-prefix.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
