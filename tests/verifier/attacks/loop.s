# rule: INSTRUCTION
# Counts in %rcx: not a form that the compiler makes.
        .include "attack.inc"
        function bh_start
1:
        loop 1b
        ret
        end bh_start
