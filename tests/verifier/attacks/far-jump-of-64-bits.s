# rule: INSTRUCTION
# A far jump of 64 bits through memory.
        .include "attack.inc"
        function bh_start
        rex64 ljmp *%gs:(%eax)
        ret
        end bh_start
