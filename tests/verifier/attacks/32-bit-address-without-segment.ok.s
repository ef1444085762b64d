# accepted
# The closest legal form of 32-bit-address-without-segment.s.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:(%ecx)
        ret
        end bh_start
