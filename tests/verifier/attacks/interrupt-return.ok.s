# accepted
# The closest legal form of interrupt-return.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
