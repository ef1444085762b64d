# accepted
# The closest legal form of depth-by-loop.s.
        .include "attack.inc"
        function bh_start
1:
        pushq %rdi
        popq %rdi
        jmp 1b
        end bh_start
