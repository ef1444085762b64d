# rule: INSTRUCTION
# Learns where the interrupt table is.
        .include "attack.inc"
        function bh_start
        sidt %gs:(%eax)
        ret
        end bh_start
