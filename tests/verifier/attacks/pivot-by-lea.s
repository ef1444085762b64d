# rule: STACK_POINTER
# Computes a forged stack pointer.
        .include "attack.inc"
        function bh_start
        leaq 64(%rax), %rsp
        ret
        end bh_start
