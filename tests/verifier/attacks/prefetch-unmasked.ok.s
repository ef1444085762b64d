# accepted
# The closest legal form of prefetch-unmasked.s.
        .include "attack.inc"
        function bh_start
        prefetcht0 %gs:(%ecx)
        ret
        end bh_start
