# rule: STACK_POINTER
# Changes the low half of %rsp only.
        .include "attack.inc"
        function bh_start
        movw %ax, %sp
        ret
        end bh_start
