# rule: FRAME_DEPTH
# Calls the kernel with the stack at an odd multiple of four.
        .include "attack.inc"
        function bh_start
        subq $12, %rsp
        call *%gs:0x10080
        addq $12, %rsp
        ret
        end bh_start
