# accepted
# The closest legal form of depth-back-to-start.s.
        .include "attack.inc"
        function bh_start
        pushq %rdi
        popq %rdi
        jmp bh_start
        end bh_start
