# accepted
# The closest legal form of pivot-by-leave.s.
        .include "attack.inc"
        function bh_start
        pushq %rbp
        popq %rbp
        ret
        end bh_start
