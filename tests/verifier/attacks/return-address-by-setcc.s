# rule: FRAME_STORE
# Changes the return address with a conditional byte.
        .include "attack.inc"
        function bh_start
        sete (%rsp)
        ret
        end bh_start
