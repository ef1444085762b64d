# accepted
# The closest legal form of bit-set-by-register.s.
        .include "attack.inc"
        function bh_start
        btsq $63, %gs:(%ecx)
        ret
        end bh_start
