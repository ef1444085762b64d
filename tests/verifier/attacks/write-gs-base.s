# rule: INSTRUCTION
# Moves its own slot.
        .include "attack.inc"
        function bh_start
        wrgsbase %rax
        ret
        end bh_start
