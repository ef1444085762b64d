# accepted
# The closest legal form of absolute-64-bit-address-with-segment.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x112233, %rax
        ret
        end bh_start
