# accepted
# The closest legal form of locked-exchange-unmasked.s.
        .include "attack.inc"
        function bh_start
        lock cmpxchgq %rdx, %gs:(%ecx)
        ret
        end bh_start
