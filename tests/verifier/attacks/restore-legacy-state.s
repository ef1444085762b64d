# rule: INSTRUCTION
# Loads vector control words from memory.
        .include "attack.inc"
        function bh_start
        fxrstor %gs:(%eax)
        ret
        end bh_start
