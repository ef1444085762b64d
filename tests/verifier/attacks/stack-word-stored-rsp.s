# rule: STACK_WORD
# Stores %rsp itself into the control block.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-65536, %rax
        movq %rsp, (%rax)
        ret
        end bh_start
