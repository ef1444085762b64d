# accepted
# The closest legal form of indirect-call.s.
        .include "attack.inc"
        function bh_start
        movq %rdi, %r11
        checked call, 0x13572468
        ret
        end bh_start
