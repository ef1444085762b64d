# rule: CALL_TARGET
# The base of the slot is not added to the target of a guarded call.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        mask
        guarded call
        ret
        end bh_start
