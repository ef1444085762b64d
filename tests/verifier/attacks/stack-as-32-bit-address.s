# rule: OPERAND_STACK
# The address-size prefix cuts %rsp to an address in the lower 4 GiB.
        .include "attack.inc"
        function bh_start
        pushq %rax
        movq %rax, (%esp)
        popq %rax
        ret
        end bh_start
