# rule: INSTRUCTION
# Loads the x87 environment.
        .include "attack.inc"
        function bh_start
        fldenv %gs:(%eax)
        ret
        end bh_start
