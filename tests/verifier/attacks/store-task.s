# rule: INSTRUCTION
# Learns the task register.
        .include "attack.inc"
        function bh_start
        strw %ax
        ret
        end bh_start
