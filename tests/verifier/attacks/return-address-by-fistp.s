# rule: FRAME_STORE
# Changes the return address with an x87 integer store.
        .include "attack.inc"
        function bh_start
        fistpll (%rsp)
        ret
        end bh_start
