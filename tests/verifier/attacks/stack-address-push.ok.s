# accepted
# The closest legal form of stack-address-push.s.
        .include "attack.inc"
        function bh_start
        pushq %rbp
        popq %rax
        ret
        end bh_start
