# accepted
# The closest legal form of save-state.s.
        .include "attack.inc"
        function bh_start
        movups %xmm0, %gs:(%eax)
        ret
        end bh_start
