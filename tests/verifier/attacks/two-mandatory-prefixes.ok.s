# accepted
# The closest legal form of two-mandatory-prefixes.s.
        .include "attack.inc"
        function bh_start
        movq %xmm1, %xmm0
        ret
        end bh_start
