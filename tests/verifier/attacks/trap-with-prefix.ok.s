# accepted
# The closest legal form of trap-with-prefix.s.
        .include "attack.inc"
        function bh_start
        ud2
        ret
        end bh_start
