# rule: STACK_POINTER
# Pops to memory outside the slot.
        .include "attack.inc"
        function bh_start
        pushq %rax
        popq (%rax)
        ret
        end bh_start
