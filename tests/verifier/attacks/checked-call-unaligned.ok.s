# accepted
# The closest legal form of checked-call-unaligned.s.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        checked call, 0x13572468
        addq $8, %rsp
        ret
        end bh_start
