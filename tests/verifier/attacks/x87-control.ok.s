# accepted
# The closest legal form of x87-control.s.
        .include "attack.inc"
        function bh_start
        fnstcw %gs:(%eax)
        ret
        end bh_start
