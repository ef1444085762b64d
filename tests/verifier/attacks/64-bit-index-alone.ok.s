# accepted
# The closest legal form of 64-bit-index-alone.s.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:(,%ecx,8)
        ret
        end bh_start
