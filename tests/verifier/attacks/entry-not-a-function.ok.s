# accepted
# The closest legal form of entry-not-a-function.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        function other
        ret
        end other
