# accepted
# The closest legal form of frame-straddling-fistp.s.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        fistpll (%rsp)
        addq $8, %rsp
        ret
        end bh_start
