# rule: FRAME_STORE
# Changes the return address with a shift.
        .include "attack.inc"
        function bh_start
        shlq $1, (%rsp)
        ret
        end bh_start
