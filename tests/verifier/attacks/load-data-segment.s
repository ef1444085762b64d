# rule: INSTRUCTION
# Changes a segment register.
        .include "attack.inc"
        function bh_start
        movw %ax, %ds
        ret
        end bh_start
