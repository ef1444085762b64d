# accepted
# The closest legal form of save-extended-state.s.
        .include "attack.inc"
        function bh_start
        nop
        ret
        end bh_start
