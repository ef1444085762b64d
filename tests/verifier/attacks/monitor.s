# rule: INSTRUCTION
# Watches a line anywhere.
        .include "attack.inc"
        function bh_start
        monitor
        ret
        end bh_start
