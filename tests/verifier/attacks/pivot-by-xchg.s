# rule: STACK_POINTER
# Exchanges %rsp with a forged stack.
        .include "attack.inc"
        function bh_start
        xchgq %rax, %rsp
        ret
        end bh_start
