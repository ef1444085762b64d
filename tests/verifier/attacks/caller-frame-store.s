# rule: FRAME_STORE
# Writes into the frame of the caller, which may be another domain's or the kernel's.
        .include "attack.inc"
        function bh_start
        movq %rax, 64(%rsp)
        ret
        end bh_start
