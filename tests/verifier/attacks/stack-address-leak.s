# rule: STACK_POINTER
# Takes the address of the control stack.
        .include "attack.inc"
        function bh_start
        leaq 8(%rsp), %rax
        ret
        end bh_start
