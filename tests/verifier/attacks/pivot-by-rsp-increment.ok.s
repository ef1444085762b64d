# accepted
# The closest legal form of pivot-by-rsp-increment.s.
        .include "attack.inc"
        function bh_start
        incq %rbp
        decq %rbp
        ret
        end bh_start
