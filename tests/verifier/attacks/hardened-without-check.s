# rule: CALL_TARGET
# A guarded call with no check in front.
        .include "attack.inc"
        hardened_note
        function bh_start
        mask
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
