# rule: FRAME_DEPTH
# Pops the return address, and returns to the caller's caller.
        .include "attack.inc"
        function bh_start
        popq %rax
        ret
        end bh_start
