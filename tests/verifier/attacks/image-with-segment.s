# rule: OPERAND_SEGMENT
# A RIP-relative operand to which the slot's base would be added again.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:word(%rip)
        ret
        end bh_start
        .data
word:
        .quad 0
        .text
