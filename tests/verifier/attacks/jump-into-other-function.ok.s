# accepted
# The closest legal form of jump-into-other-function.s.
        .include "attack.inc"
        function bh_start
        jmp other
        end bh_start
        function other
        nop
        ret
        end other
