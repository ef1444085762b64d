# rule: CALL_TARGET
# The call of the guard goes past its first instruction.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        jmp 8f
        guard
8:
        call .-12
        ret
        end bh_start
