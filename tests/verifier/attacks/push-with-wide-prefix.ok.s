# accepted
# The closest legal form of push-with-wide-prefix.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        popq %rax
        ret
        end bh_start
