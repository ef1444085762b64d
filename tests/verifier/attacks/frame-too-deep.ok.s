# accepted
# The closest legal form of frame-too-deep.s.
        .include "attack.inc"
        function bh_start
        subq $4000, %rsp
        addq $4000, %rsp
        ret
        end bh_start
