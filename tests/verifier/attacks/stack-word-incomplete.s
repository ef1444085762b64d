# rule: STACK_WORD
# Copies %rsp and does not go on to the control block.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        ret
        end bh_start
