# accepted
# The closest legal form of return-address-by-cmpxchg.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        cmpxchgq %rcx, (%rsp)
        addq $16, %rsp
        ret
        end bh_start
