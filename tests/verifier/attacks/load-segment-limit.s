# rule: INSTRUCTION
# Asks for the limits of segments.
        .include "attack.inc"
        function bh_start
        lsll %ecx, %eax
        ret
        end bh_start
