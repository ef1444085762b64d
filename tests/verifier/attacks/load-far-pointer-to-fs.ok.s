# accepted
# The closest legal form of load-far-pointer-to-fs.s.
        .include "attack.inc"
        function bh_start
        nop
        ret
        end bh_start
