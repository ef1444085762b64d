# accepted
# The closest legal form of store-task.s.
        .include "attack.inc"
        function bh_start
        nop
        ret
        end bh_start
