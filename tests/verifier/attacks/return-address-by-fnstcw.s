# rule: FRAME_STORE
# Changes the return address with the x87 control word.
        .include "attack.inc"
        function bh_start
        fnstcw (%rsp)
        ret
        end bh_start
