# accepted
# The closest legal form of return-address-by-movhps.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        movhps %xmm0, (%rsp)
        addq $16, %rsp
        ret
        end bh_start
