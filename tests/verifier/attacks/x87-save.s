# rule: INSTRUCTION
# Stores 108 bytes at once, and resets the x87 unit.
        .include "attack.inc"
        function bh_start
        fnsave %gs:(%eax)
        ret
        end bh_start
