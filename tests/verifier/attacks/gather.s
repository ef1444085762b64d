# rule: INSTRUCTION
# Loads from four addresses at once.
        .include "attack.inc"
        function bh_start
        vpgatherdd %xmm0, (%rax,%xmm1,4), %xmm2
        ret
        end bh_start
