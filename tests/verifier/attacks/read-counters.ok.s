# accepted
# The closest legal form of read-counters.s.
        .include "attack.inc"
        function bh_start
        rdtsc
        ret
        end bh_start
