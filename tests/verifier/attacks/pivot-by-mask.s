# rule: STACK_POINTER
# Aligning %rsp loses track of its depth.
        .include "attack.inc"
        function bh_start
        andq $-64, %rsp
        ret
        end bh_start
