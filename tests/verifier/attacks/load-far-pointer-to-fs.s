# rule: INSTRUCTION
# Loads %fs from memory.
        .include "attack.inc"
        function bh_start
        lfsl %gs:(%eax), %ecx
        ret
        end bh_start
