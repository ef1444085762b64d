# rule: FRAME_DEPTH
# Steps over the return address.
        .include "attack.inc"
        function bh_start
        addq $8, %rsp
        ret
        end bh_start
