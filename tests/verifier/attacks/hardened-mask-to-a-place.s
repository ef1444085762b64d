# rule: CALL_TARGET
# A bad target becomes a place of the attacker's choice.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        movl $0x20010, %r10d
        cmovneq %r10, %r11
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
