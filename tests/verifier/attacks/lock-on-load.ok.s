# accepted
# The closest legal form of lock-on-load.s.
        .include "attack.inc"
        function bh_start
        lock addl %eax, %gs:(%ecx)
        ret
        end bh_start
