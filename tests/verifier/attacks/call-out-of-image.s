# rule: CALL_TARGET
# Calls a place outside every image.
        .include "attack.inc"
        function bh_start
        call bh_start+0x20000000
        ret
        end bh_start
