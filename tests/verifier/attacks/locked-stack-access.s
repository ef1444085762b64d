# rule: OPERAND_STACK
# A locked access to the control stack: no compiler makes one, and its size is not looked at.
        .include "attack.inc"
        function bh_start
        pushq %rax
        lock incq (%rsp)
        popq %rax
        ret
        end bh_start
