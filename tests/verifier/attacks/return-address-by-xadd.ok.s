# accepted
# The closest legal form of return-address-by-xadd.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        xaddq %rax, (%rsp)
        addq $16, %rsp
        ret
        end bh_start
