# rule: INSTRUCTION
# Reads the base instead of asking the table.
        .include "attack.inc"
        function bh_start
        rdgsbase %rax
        ret
        end bh_start
