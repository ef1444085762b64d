# rule: CALL_TARGET
# The guard does not end in a return: what follows runs with a target as its return address.
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
        movq %r11, (%rsp)
        nop
        ret
        end bh_start
