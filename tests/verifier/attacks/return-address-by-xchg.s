# rule: FRAME_STORE
# Changes the return address with an exchange.
        .include "attack.inc"
        function bh_start
        xchgq %rax, (%rsp)
        ret
        end bh_start
