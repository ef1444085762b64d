# rule: FRAME_STORE
# Stores below %rsp, where an interrupt or the kernel may be at work.
        .include "attack.inc"
        function bh_start
        movq %rax, -8(%rsp)
        ret
        end bh_start
