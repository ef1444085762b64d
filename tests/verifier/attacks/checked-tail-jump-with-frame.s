# rule: RETURN_DEPTH
# An indirect tail jump with a word left on the stack.
        .include "attack.inc"
        function bh_start
        pushq %rdi
        checked jmp, 0x13572468
        end bh_start
