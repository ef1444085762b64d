# rule: FRAME_DEPTH
# A frame that could step over the guard page.
        .include "attack.inc"
        function bh_start
        subq $4008, %rsp
        addq $4008, %rsp
        ret
        end bh_start
