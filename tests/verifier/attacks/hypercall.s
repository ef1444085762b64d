# rule: INSTRUCTION
# Calls the hypervisor below us.
        .include "attack.inc"
        function bh_start
        vmcall
        ret
        end bh_start
