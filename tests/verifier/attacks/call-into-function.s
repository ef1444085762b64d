# rule: CALL_TARGET
# A call to the second instruction of a function.
        .include "attack.inc"
        function bh_start
        call other+1
        ret
        end bh_start
        function other
        nop
        ret
        end other
