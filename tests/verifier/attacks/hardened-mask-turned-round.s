# rule: CALL_TARGET
# The target becomes harmless when its label is right.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        movl $0, %r10d
        cmoveq %r10, %r11
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
