# rule: INSTRUCTION
# Learns where the descriptor table is.
        .include "attack.inc"
        function bh_start
        sgdt %gs:(%eax)
        ret
        end bh_start
