# rule: INSTRUCTION
# A selector in %gs changes its base.
        .include "attack.inc"
        function bh_start
        movw %ax, %gs
        ret
        end bh_start
