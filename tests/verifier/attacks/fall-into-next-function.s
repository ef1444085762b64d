# rule: FALL_THROUGH
# Runs from one function into the next, with its frame.
        .include "attack.inc"
        function bh_start
        pushq %rax
        end bh_start
        function other
        ret
        end other
