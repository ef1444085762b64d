# rule: FRAME_STORE
# Changes the return address with a compare and exchange.
        .include "attack.inc"
        function bh_start
        cmpxchgq %rcx, (%rsp)
        ret
        end bh_start
