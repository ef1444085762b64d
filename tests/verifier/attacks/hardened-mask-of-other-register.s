# rule: CALL_TARGET
# The conditional move spoils another register than the target.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        movl $0, %r10d
        cmovneq %r10, %r12
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
