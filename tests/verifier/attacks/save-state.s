# rule: INSTRUCTION
# Writes 512 bytes at once: more than the form is checked for.
        .include "attack.inc"
        function bh_start
        fxsave %gs:(%eax)
        ret
        end bh_start
