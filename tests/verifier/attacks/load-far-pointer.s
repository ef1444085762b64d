# rule: INSTRUCTION
# Loads %gs from memory.
        .include "attack.inc"
        function bh_start
        lgsl %gs:(%eax), %ecx
        ret
        end bh_start
