# rule: FRAME_STORE
# A 16-byte store that begins inside the frame and ends on the return address.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        movups %xmm0, 8(%rsp)
        addq $16, %rsp
        ret
        end bh_start
