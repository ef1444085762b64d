# rule: INSTRUCTION
# Its own segments.
        .include "attack.inc"
        function bh_start
        lgdt %gs:(%eax)
        ret
        end bh_start
