# rule: STACK_POINTER
# Copies %rsp to a vector register, where nobody follows it.
        .include "attack.inc"
        function bh_start
        movq %rsp, %xmm0
        ret
        end bh_start
