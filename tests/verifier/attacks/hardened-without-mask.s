# rule: CALL_TARGET
# Guarded, but a mispredicted check leads to whatever the target was.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
