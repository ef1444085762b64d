# rule: DEPTH_MISMATCH
# A loop that pushes runs down over any guard page.
        .include "attack.inc"
        function bh_start
1:
        pushq %rdi
        jmp 1b
        end bh_start
