# accepted
# The closest legal form of vector-store-without-its-prefix.s.
        .include "attack.inc"
        function bh_start
        movq %xmm0, %gs:(%ecx)
        ret
        end bh_start
