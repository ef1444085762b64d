# accepted
# The closest legal form of x87-store-unmasked.s.
        .include "attack.inc"
        function bh_start
        fstpt %gs:(%ecx)
        ret
        end bh_start
