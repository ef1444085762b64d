# rule: CALL_TARGET
# The guard returns to a register that was not checked.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        call 6f
7:
        pause
        lfence
        jmp 7b
6:
        movq %r10, (%rsp)
        ret
        end bh_start
