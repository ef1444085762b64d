# rule: FRAME_DEPTH
# lea moves the stack pointer by three bytes.
        .include "attack.inc"
        function bh_start
        leaq -3(%rsp), %rsp
        leaq 3(%rsp), %rsp
        ret
        end bh_start
