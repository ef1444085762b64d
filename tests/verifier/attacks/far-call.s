# rule: INSTRUCTION
# A far call through memory loads a code segment.
        .include "attack.inc"
        function bh_start
        lcalll *%gs:(%eax)
        ret
        end bh_start
