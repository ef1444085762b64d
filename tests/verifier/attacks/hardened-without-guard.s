# rule: INDIRECT
# The target is masked, but the call goes where it is predicted to.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        call *%r11
        ret
        end bh_start
