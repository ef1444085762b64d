# rule: FRAME_STORE
# With a frame of 16 bytes, 16(%rsp) is the return address.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        movq %rax, 16(%rsp)
        addq $16, %rsp
        ret
        end bh_start
