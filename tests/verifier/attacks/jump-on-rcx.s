# rule: INSTRUCTION
# Not a form that the compiler makes.
        .include "attack.inc"
        function bh_start
        jrcxz 1f
1:
        ret
        end bh_start
