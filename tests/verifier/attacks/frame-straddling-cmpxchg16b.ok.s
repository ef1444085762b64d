# accepted
# The closest legal form of frame-straddling-cmpxchg16b.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        cmpxchg16b (%rsp)
        addq $16, %rsp
        ret
        end bh_start
