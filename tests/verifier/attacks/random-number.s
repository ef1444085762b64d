# rule: INSTRUCTION
# Not of the baseline.
        .include "attack.inc"
        function bh_start
        rdrand %rax
        ret
        end bh_start
