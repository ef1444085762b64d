# rule: OPERAND_SEGMENT
# The segment's base is added to an address of 64 bits.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:(%rcx)
        ret
        end bh_start
