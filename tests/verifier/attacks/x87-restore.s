# rule: INSTRUCTION
# Loads the whole x87 state.
        .include "attack.inc"
        function bh_start
        frstor %gs:(%eax)
        ret
        end bh_start
