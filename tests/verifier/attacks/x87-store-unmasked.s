# rule: OPERAND_SEGMENT
# An x87 store anywhere.
        .include "attack.inc"
        function bh_start
        fstpt (%rcx)
        ret
        end bh_start
