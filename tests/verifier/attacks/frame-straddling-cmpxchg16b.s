# rule: FRAME_STORE
# The widest exchange reaches over the end of a frame of 8 bytes.
        .include "attack.inc"
        function bh_start
        pushq %rbx
        cmpxchg16b (%rsp)
        popq %rbx
        ret
        end bh_start
