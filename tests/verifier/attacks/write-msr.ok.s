# accepted
# The closest legal form of write-msr.s.
        .include "attack.inc"
        function bh_start
        rdtsc
        ret
        end bh_start
