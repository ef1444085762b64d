# rule: INSTRUCTION
# With the direction flag set, strings run down out of the slot.
        .include "attack.inc"
        function bh_start
        std
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        rep stosb
        ret
        end bh_start
