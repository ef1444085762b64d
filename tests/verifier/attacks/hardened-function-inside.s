# rule: BRANCH_SEQUENCE
# A function starts at the guard of a call.
        .include "attack.inc"
        hardened_note
        function bh_start
        .fill 8, 1, 0x90
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        jmp 8f
        listed 5f
5:
        guard
8:
        call 5b
        ret
        end bh_start
