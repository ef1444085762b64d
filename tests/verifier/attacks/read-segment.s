# rule: INSTRUCTION
# Reads a segment register.
        .include "attack.inc"
        function bh_start
        movw %gs, %ax
        ret
        end bh_start
