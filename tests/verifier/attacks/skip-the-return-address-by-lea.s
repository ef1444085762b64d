# rule: FRAME_DEPTH
# Steps over the return address, and keeps the flags.
        .include "attack.inc"
        function bh_start
        leaq 8(%rsp), %rsp
        ret
        end bh_start
