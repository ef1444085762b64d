# rule: FRAME_DEPTH
# A checked call pushes its return address on a stack that is not aligned.
        .include "attack.inc"
        function bh_start
        subq $4, %rsp
        checked call, 0x13572468
        addq $4, %rsp
        ret
        end bh_start
