# accepted
# The closest legal form of frame-straddling-x87-store.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        fstpt (%rsp)
        addq $16, %rsp
        ret
        end bh_start
