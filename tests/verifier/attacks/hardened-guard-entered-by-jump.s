# rule: FRAME_STORE
# Jumps into the guard instead of to its call: the return address of the function itself is replaced.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        .byte 0xeb, 0x0c
        guard
        call .-17
        ret
        end bh_start
