# rule: FRAME_DEPTH
# The first function is harmless, the second pops its return address.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        function second
        popq %rax
        pushq %rax
        ret
        end second
