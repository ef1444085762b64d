# rule: INSTRUCTION
# The other system call.
        .include "attack.inc"
        function bh_start
        sysenter
        ret
        end bh_start
