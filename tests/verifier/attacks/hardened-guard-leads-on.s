# rule: CALL_TARGET
# Behind the fence the predicted path leads out of the loop.
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
        jmp 6f
6:
        movq %r11, (%rsp)
        ret
        end bh_start
