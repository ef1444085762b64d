# rule: INSTRUCTION
# Loads processor state from memory.
        .include "attack.inc"
        function bh_start
        xrstor %gs:(%eax)
        ret
        end bh_start
