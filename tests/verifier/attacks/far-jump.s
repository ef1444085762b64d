# rule: INSTRUCTION
# A far jump through memory loads a code segment.
        .include "attack.inc"
        function bh_start
        ljmpl *%gs:(%eax)
        end bh_start
