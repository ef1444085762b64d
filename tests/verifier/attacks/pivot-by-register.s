# rule: STACK_POINTER
# An allocation whose size only the running program knows.
        .include "attack.inc"
        function bh_start
        subq %rdi, %rsp
        ret
        end bh_start
