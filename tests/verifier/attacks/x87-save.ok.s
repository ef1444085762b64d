# accepted
# The closest legal form of x87-save.s.
        .include "attack.inc"
        function bh_start
        fstpt %gs:(%eax)
        ret
        end bh_start
