# accepted
# The closest legal form of frame-straddling-store.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        movups %xmm0, (%rsp)
        addq $16, %rsp
        ret
        end bh_start
