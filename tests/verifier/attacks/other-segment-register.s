# rule: OPERAND_SEGMENT
# The other colour's register holds somebody else's base.
        .include "attack.inc"
        function bh_start
        movq %rax, %fs:(%ecx)
        ret
        end bh_start
