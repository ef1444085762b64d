# accepted
# The closest legal form of jump-on-rcx.s.
        .include "attack.inc"
        function bh_start
        testq %rcx, %rcx
        je 1f
1:
        ret
        end bh_start
