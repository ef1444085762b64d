# rule: FRAME_STORE
# Changes the return address with a non-temporal store.
        .include "attack.inc"
        function bh_start
        movntiq %rax, (%rsp)
        ret
        end bh_start
