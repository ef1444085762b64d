# rule: OPERAND_IMAGE
# A RIP-relative store below the slot.
        .include "attack.inc"
        function bh_start
        movq %rax, -0x7fff0000(%rip)
        ret
        end bh_start
