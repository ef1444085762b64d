# rule: CALL_TARGET
# The loop to which the return is predicted stops nothing.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        call 6f
7:
        pause
        nopl (%rax)
        jmp 7b
6:
        movq %r11, (%rsp)
        ret
        end bh_start
