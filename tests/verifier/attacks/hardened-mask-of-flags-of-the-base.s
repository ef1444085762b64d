# rule: CALL_TARGET
# The base is added first, and the mask looks at the flags of that.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        addq %gs:0x10000, %r11
        mask
        guarded call
        ret
        end bh_start
