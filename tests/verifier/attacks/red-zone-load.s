# rule: FRAME_LOAD
# Loads below %rsp: what the kernel left there.
        .include "attack.inc"
        function bh_start
        movq -8(%rsp), %rax
        ret
        end bh_start
