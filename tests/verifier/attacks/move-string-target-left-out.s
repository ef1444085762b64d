# rule: STRING
# Something else stands where the target should be brought into the slot.
        .include "attack.inc"
        function bh_start
        movl %esi, %esi
        addq %gs:0x10000, %rsi
        nop
        nop
        rep movsb
        ret
        end bh_start
