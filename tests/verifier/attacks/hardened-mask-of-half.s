# rule: CALL_TARGET
# A conditional move of 32 bits clears the upper half and leaves the rest.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        movl $0, %r10d
        cmovnel %r10d, %r11d
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
