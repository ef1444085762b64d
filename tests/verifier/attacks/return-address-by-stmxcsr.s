# rule: FRAME_STORE
# Changes the return address with the vector unit's control word.
        .include "attack.inc"
        function bh_start
        stmxcsr (%rsp)
        ret
        end bh_start
