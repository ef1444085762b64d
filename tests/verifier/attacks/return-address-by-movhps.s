# rule: FRAME_STORE
# Changes the return address with half a vector.
        .include "attack.inc"
        function bh_start
        movhps %xmm0, (%rsp)
        ret
        end bh_start
