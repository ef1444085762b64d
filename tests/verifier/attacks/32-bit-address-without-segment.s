# rule: OPERAND_SEGMENT
# The lower 4 GiB are not the slot.
        .include "attack.inc"
        function bh_start
        movq %rax, (%ecx)
        ret
        end bh_start
