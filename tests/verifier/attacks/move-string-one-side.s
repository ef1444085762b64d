# rule: STRING
# Only the target is brought into the slot.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        rep movsb
        ret
        end bh_start
