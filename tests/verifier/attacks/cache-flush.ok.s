# accepted
# The closest legal form of cache-flush.s.
        .include "attack.inc"
        function bh_start
        lfence
        ret
        end bh_start
