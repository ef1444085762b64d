# accepted
# The closest legal form of unaligned-frame.s.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        addq $8, %rsp
        ret
        end bh_start
