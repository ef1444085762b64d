# rule: FRAME_DEPTH
# Calls with the stack at an odd multiple of four: the return address straddles words.
        .include "attack.inc"
        function bh_start
        subq $4, %rsp
        call bh_start
        addq $4, %rsp
        ret
        end bh_start
