# accepted
# The closest legal form of bit-test-by-register-on-stack.s.
        .include "attack.inc"
        function bh_start
        pushq %rcx
        btcq $5, (%rsp)
        popq %rcx
        ret
        end bh_start
