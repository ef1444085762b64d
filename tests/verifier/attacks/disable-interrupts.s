# rule: INSTRUCTION
# Keeps the processor for itself.
        .include "attack.inc"
        function bh_start
        cli
        ret
        end bh_start
