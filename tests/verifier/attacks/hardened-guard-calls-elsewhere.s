# rule: CALL_TARGET
# The guard's call goes past the store, to the return.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        .byte 0xe8, 0x0b, 0, 0, 0
7:
        pause
        lfence
        jmp 7b
6:
        movq %r11, (%rsp)
        ret
        end bh_start
