# rule: FRAME_DEPTH
# Four bytes deeper than the guard allows.
        .include "attack.inc"
        function bh_start
        subq $4000, %rsp
        subq $4, %rsp
        addq $4, %rsp
        addq $4000, %rsp
        ret
        end bh_start
