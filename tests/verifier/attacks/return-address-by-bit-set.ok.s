# accepted
# The closest legal form of return-address-by-bit-set.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        btsq $3, (%rsp)
        addq $16, %rsp
        ret
        end bh_start
