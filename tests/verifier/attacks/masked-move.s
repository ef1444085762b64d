# rule: INSTRUCTION
# Stores through the whole %rdi.
        .include "attack.inc"
        function bh_start
        maskmovdqu %xmm1, %xmm0
        ret
        end bh_start
