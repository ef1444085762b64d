# accepted
# The closest legal form of return-address-overwrite.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        movq %rcx, (%rsp)
        popq %rax
        ret
        end bh_start
