# rule: FRAME_DEPTH
# A push on a stack that is not aligned.
        .include "attack.inc"
        function bh_start
        subq $4, %rsp
        pushq %rax
        popq %rax
        addq $4, %rsp
        ret
        end bh_start
