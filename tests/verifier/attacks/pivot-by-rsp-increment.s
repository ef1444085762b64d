# rule: STACK_POINTER
# inc moves %rsp outside the forms whose depth is followed.
        .include "attack.inc"
        function bh_start
        incq %rsp
        decq %rsp
        ret
        end bh_start
