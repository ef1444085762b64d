# rule: INSTRUCTION
# Moves the other colour's slot.
        .include "attack.inc"
        function bh_start
        wrfsbase %rax
        ret
        end bh_start
