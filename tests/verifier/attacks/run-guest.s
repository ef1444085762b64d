# rule: INSTRUCTION
# Starts a virtual machine.
        .include "attack.inc"
        function bh_start
        vmrun
        ret
        end bh_start
