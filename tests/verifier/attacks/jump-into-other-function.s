# rule: BRANCH_TARGET
# Skips the first instruction of another function.
        .include "attack.inc"
        function bh_start
        jmp other+1
        end bh_start
        function other
        nop
        ret
        end other
