# rule: FRAME_STORE
# Changes the return address with a bit set by its number.
        .include "attack.inc"
        function bh_start
        btsq $3, (%rsp)
        ret
        end bh_start
