# accepted
# The closest legal form of frame-too-deep-by-four.s.
        .include "attack.inc"
        function bh_start
        subq $3996, %rsp
        subq $4, %rsp
        addq $4, %rsp
        addq $3996, %rsp
        ret
        end bh_start
