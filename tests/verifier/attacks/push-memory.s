# rule: STACK_POINTER
# Pushes from memory, with an operand that nobody checks.
        .include "attack.inc"
        function bh_start
        pushq (%rax)
        popq %rax
        ret
        end bh_start
