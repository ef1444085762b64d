# accepted
# The closest legal form of locked-stack-access.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        incq (%rsp)
        popq %rax
        ret
        end bh_start
