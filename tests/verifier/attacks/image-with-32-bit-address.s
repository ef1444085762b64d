# rule: OPERAND_SEGMENT
# %eip cuts the address to the lower 4 GiB.
        .include "attack.inc"
        function bh_start
        movq %rax, word(%eip)
        ret
        end bh_start
        .data
word:
        .quad 0
        .text
