# rule: FRAME_STORE
# An 80-bit store whose last two bytes are the return address's first.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        fstpt 8(%rsp)
        addq $16, %rsp
        ret
        end bh_start
