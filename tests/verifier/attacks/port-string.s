# rule: INSTRUCTION
# Writes a device's port from memory.
        .include "attack.inc"
        function bh_start
        rep outsb
        ret
        end bh_start
