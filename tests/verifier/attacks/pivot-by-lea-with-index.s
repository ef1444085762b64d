# rule: STACK_POINTER
# A stack pointer that moves by a register.
        .include "attack.inc"
        function bh_start
        leaq 8(%rsp,%rax), %rsp
        ret
        end bh_start
