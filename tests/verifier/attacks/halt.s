# rule: INSTRUCTION
# Stops the processor.
        .include "attack.inc"
        function bh_start
        hlt
        ret
        end bh_start
