# rule: OPERAND_SEGMENT
# An index of 64 bits and no base.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:(,%rcx,8)
        ret
        end bh_start
