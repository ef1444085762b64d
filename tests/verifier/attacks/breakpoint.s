# rule: INSTRUCTION
# A trap that goes on behind itself.
        .include "attack.inc"
        function bh_start
        int3
        ret
        end bh_start
