# rule: FRAME_STORE
# Changes the return address with a complement.
        .include "attack.inc"
        function bh_start
        notq (%rsp)
        ret
        end bh_start
