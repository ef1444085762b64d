# rule: INSTRUCTION
# Writes as many bytes as the processor likes.
        .include "attack.inc"
        function bh_start
        xsave %gs:(%eax)
        ret
        end bh_start
