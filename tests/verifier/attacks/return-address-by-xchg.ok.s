# accepted
# The closest legal form of return-address-by-xchg.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        xchgq %rax, (%rsp)
        addq $16, %rsp
        ret
        end bh_start
