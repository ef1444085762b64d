# accepted
# The closest legal form of frame-too-deep-by-steps.s.
        .include "attack.inc"
        function bh_start
        subq $2000, %rsp
        subq $2000, %rsp
        addq $4000, %rsp
        ret
        end bh_start
