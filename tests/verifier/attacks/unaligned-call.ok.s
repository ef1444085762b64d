# accepted
# The closest legal form of unaligned-call.s.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        call bh_start
        addq $8, %rsp
        ret
        end bh_start
