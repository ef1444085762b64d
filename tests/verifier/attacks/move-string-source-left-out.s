# rule: STRING
# Something else stands where the source should be brought into the slot.
        .include "attack.inc"
        function bh_start
        nop
        nop
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        rep movsb
        ret
        end bh_start
