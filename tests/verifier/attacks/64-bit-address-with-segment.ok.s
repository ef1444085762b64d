# accepted
# The closest legal form of 64-bit-address-with-segment.s.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:(%ecx)
        ret
        end bh_start
