# rule: FRAME_DEPTH
# Two steps, each small enough.
        .include "attack.inc"
        function bh_start
        subq $4000, %rsp
        subq $8, %rsp
        addq $8, %rsp
        addq $4000, %rsp
        ret
        end bh_start
