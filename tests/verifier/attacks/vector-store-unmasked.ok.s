# accepted
# The closest legal form of vector-store-unmasked.s.
        .include "attack.inc"
        function bh_start
        movaps %xmm0, %gs:(%ecx)
        ret
        end bh_start
