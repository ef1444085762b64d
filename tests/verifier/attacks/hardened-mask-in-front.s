# rule: CALL_TARGET
# The target is masked before the label is compared.
        .include "attack.inc"
        hardened_note
        function bh_start
        mask
        check 0x13572468
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
