# rule: BRANCH_TARGET
# Jumps in front of the text.
        .include "attack.inc"
        function bh_start
        jmp bh_start-4096
        end bh_start
