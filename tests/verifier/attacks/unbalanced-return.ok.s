# accepted
# The closest legal form of unbalanced-return.s.
        .include "attack.inc"
        function bh_start
        pushq %rdi
        popq %rdi
        ret
        end bh_start
