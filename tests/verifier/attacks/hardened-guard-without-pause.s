# rule: CALL_TARGET
# Another instruction stands where the predicted return goes.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        call 6f
7:
        .byte 0x66, 0x90
        lfence
        jmp 7b
6:
        movq %r11, (%rsp)
        ret
        end bh_start
