# rule: STACK_POINTER
# Pushes a segment register.
        .include "attack.inc"
        function bh_start
        pushq %fs
        popq %rax
        ret
        end bh_start
