# rule: STACK_POINTER
# Pushes %rsp, to have it as data.
        .include "attack.inc"
        function bh_start
        pushq %rsp
        popq %rax
        ret
        end bh_start
