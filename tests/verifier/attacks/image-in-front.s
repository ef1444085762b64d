# rule: OPERAND_IMAGE
# A RIP-relative load in front of the image: the table or the neighbour's slot.
        .include "attack.inc"
        function bh_start
        movq -0x100000(%rip), %rax
        ret
        end bh_start
