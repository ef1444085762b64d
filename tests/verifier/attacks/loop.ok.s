# accepted
# The closest legal form of loop.s.
        .include "attack.inc"
        function bh_start
1:
        decq %rcx
        jne 1b
        ret
        end bh_start
