# rule: INSTRUCTION
# A transaction ends wherever it began, with old registers.
        .include "attack.inc"
        function bh_start
        xbegin 1f
1:
        ret
        end bh_start
