# accepted
# The closest legal form of unaligned-frame.s.
        .include "attack.inc"
        function bh_start
        subq $4, %rsp
        addq $4, %rsp
        ret
        end bh_start
