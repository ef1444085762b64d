# rule: INDIRECT
# Calls wherever a register says.
        .include "attack.inc"
        function bh_start
        call *%rdi
        ret
        end bh_start
