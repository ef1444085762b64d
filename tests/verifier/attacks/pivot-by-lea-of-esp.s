# rule: STACK_POINTER
# lea cuts the stack pointer to 32 bits.
        .include "attack.inc"
        function bh_start
        leal -8(%rsp), %esp
        leaq 8(%rsp), %rsp
        ret
        end bh_start
