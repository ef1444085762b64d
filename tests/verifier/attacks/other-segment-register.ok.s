# accepted
# The closest legal form of other-segment-register.s.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:(%ecx)
        ret
        end bh_start
