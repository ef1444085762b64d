# rule: DEPTH_MISMATCH
# Jumps back to the function's start without giving its frame back.
        .include "attack.inc"
        function bh_start
        pushq %rdi
        jmp bh_start
        end bh_start
