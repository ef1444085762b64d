# rule: CALL_TARGET
# A direct call of a guard, with anything in %r11.
        .include "attack.inc"
        hardened_note
        function bh_start
        movq %rdi, %r11
        call 5f
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        jmp 8f
5:
        guard
8:
        call 5b
        ret
        end bh_start
