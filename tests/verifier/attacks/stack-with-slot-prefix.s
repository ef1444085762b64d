# rule: OPERAND_STACK
# The slot's base and the stack pointer are added.
        .include "attack.inc"
        function bh_start
        pushq %rax
        movq %rax, %gs:(%rsp)
        popq %rax
        ret
        end bh_start
