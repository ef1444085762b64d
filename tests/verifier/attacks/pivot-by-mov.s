# rule: STACK_POINTER
# Moves %rsp to a forged stack.
        .include "attack.inc"
        function bh_start
        movq %rax, %rsp
        ret
        end bh_start
