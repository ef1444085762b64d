# accepted
# The closest legal form of pivot-by-vector.s.
        .include "attack.inc"
        function bh_start
        movq %rbp, %xmm0
        ret
        end bh_start
