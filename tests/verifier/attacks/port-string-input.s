# rule: INSTRUCTION
# Writes memory from a device's port.
        .include "attack.inc"
        function bh_start
        insb
        ret
        end bh_start
