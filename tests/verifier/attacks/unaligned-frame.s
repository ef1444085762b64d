# rule: FRAME_DEPTH
# A frame of four bytes, so that later words straddle.
        .include "attack.inc"
        function bh_start
        subq $4, %rsp
        addq $4, %rsp
        ret
        end bh_start
