# rule: FRAME_DEPTH
# A subtraction of less than nothing gives up the caller's frame.
        .include "attack.inc"
        function bh_start
        subq $-8, %rsp
        ret
        end bh_start
