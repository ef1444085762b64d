# rule: INDIRECT
# Label 0 is found wherever memory is zero.
        .include "attack.inc"
        function bh_start
        checked call, 0
        ret
        end bh_start
