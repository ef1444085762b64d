# rule: STACK_POINTER
# Pops a forged stack pointer.
        .include "attack.inc"
        function bh_start
        pushq %rax
        popq %rsp
        ret
        end bh_start
