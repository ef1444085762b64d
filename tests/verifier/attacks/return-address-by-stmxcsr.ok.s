# accepted
# The closest legal form of return-address-by-stmxcsr.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        stmxcsr (%rsp)
        addq $16, %rsp
        ret
        end bh_start
