# rule: OPERAND_STACK
# %esp as the base of a slot address.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:(%esp)
        ret
        end bh_start
