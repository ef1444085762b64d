# rule: STACK_POINTER
# Moves %rsp under a condition.
        .include "attack.inc"
        function bh_start
        cmoveq %rax, %rsp
        ret
        end bh_start
