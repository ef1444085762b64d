# rule: BIT_TEST
# A bit number in a register from %rsp reaches the whole control stack.
        .include "attack.inc"
        function bh_start
        pushq %rcx
        btcq %rax, (%rsp)
        popq %rcx
        ret
        end bh_start
