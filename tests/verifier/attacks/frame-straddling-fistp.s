# rule: FRAME_STORE
# A 64-bit integer store of the x87, half of it over the return address.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        fistpll 4(%rsp)
        addq $8, %rsp
        ret
        end bh_start
