# rule: STACK_POINTER
# A push of two bytes: %rsp moves by less than the depth says.
        .include "attack.inc"
        function bh_start
        pushw %ax
        popw %ax
        ret
        end bh_start
