# rule: STACK_WORD
# lea leaves the control block's address in a register.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-65536, %rax
        leaq (%rax), %rcx
        ret
        end bh_start
