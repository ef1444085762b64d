# rule: INSTRUCTION
# Calls the hypervisor below us, as AMD calls it.
        .include "attack.inc"
        function bh_start
        vmmcall
        ret
        end bh_start
