# rule: OPERAND_STACK
# An index from %rsp reaches any frame on the control stack.
        .include "attack.inc"
        function bh_start
        pushq %rax
        movq %rax, (%rsp,%rcx,8)
        popq %rax
        ret
        end bh_start
