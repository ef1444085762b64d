# rule: OPERAND_SEGMENT
# A store anywhere.
        .include "attack.inc"
        function bh_start
        movq %rax, (%rcx)
        ret
        end bh_start
