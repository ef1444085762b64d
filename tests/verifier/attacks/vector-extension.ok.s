# accepted
# The closest legal form of vector-extension.s.
        .include "attack.inc"
        function bh_start
        movups %xmm0, %gs:(%ecx)
        ret
        end bh_start
