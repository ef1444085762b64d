# rule: STACK_WORD
# A mask that stops inside the control stack.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-32768, %rax
        movq (%rax), %rcx
        ret
        end bh_start
