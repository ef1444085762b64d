# accepted
# The closest legal form of second-function-table.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
