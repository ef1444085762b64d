# accepted
# The closest legal form of return-address-by-fnstsw.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        fnstsw (%rsp)
        addq $16, %rsp
        ret
        end bh_start
