# accepted
# The closest legal form of load-far-pointer.s.
        .include "attack.inc"
        function bh_start
        movl %gs:(%eax), %ecx
        ret
        end bh_start
