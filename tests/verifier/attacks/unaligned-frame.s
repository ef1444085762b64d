# rule: FRAME_DEPTH
# A frame of two bytes, which no compiler makes.
        .include "attack.inc"
        function bh_start
        subq $2, %rsp
        addq $2, %rsp
        ret
        end bh_start
