# accepted
# The closest legal form of read-msr.s.
        .include "attack.inc"
        function bh_start
        cpuid
        ret
        end bh_start
