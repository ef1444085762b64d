# rule: FRAME_LOAD
# A load that begins on the last stack argument and ends behind it.
        .include "attack.inc"
        function bh_start
        movups 256(%rsp), %xmm0
        ret
        end bh_start
