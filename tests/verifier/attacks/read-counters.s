# rule: INSTRUCTION
# Reads performance counters.
        .include "attack.inc"
        function bh_start
        rdpmc
        ret
        end bh_start
