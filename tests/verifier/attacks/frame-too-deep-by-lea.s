# rule: FRAME_DEPTH
# Allocates more than the guard page with lea.
        .include "attack.inc"
        function bh_start
        leaq -4096(%rsp), %rsp
        leaq 4096(%rsp), %rsp
        ret
        end bh_start
