# accepted
# The closest legal form of indirect-call-through-slot.s.
        .include "attack.inc"
        function bh_start
        movl %gs:(%edi), %r11d
        checked call, 0x13572468
        ret
        end bh_start
