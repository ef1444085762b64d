# rule: RETURN_DEPTH
# The function jumped to returns to what was pushed here.
        .include "attack.inc"
        function bh_start
        pushq %rdi
        jmp other
        end bh_start
        function other
        ret
        end other
