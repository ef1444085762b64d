# rule: FRAME_STORE
# Changes the return address with the x87 status word.
        .include "attack.inc"
        function bh_start
        fnstsw (%rsp)
        ret
        end bh_start
