# rule: FRAME_STORE
# Changes the return address with exchange-and-add.
        .include "attack.inc"
        function bh_start
        xaddq %rax, (%rsp)
        ret
        end bh_start
