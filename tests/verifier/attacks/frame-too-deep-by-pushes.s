# rule: FRAME_DEPTH
# One push too many.
        .include "attack.inc"
        function bh_start
        .rept 501
        pushq %rax
        .endr
        addq $4000, %rsp
        addq $8, %rsp
        ret
        end bh_start
