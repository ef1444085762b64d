# rule: INSTRUCTION
# Its own interrupt table.
        .include "attack.inc"
        function bh_start
        lidt %gs:(%eax)
        ret
        end bh_start
