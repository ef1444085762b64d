# accepted
# The closest legal form of far-call.s.
        .include "attack.inc"
        function bh_start
        movl %gs:(%eax), %r11d
        checked call, 0x13572468
        ret
        end bh_start
