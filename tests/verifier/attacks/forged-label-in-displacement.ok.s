# accepted
# The closest legal form of forged-label-in-displacement.s.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        ret
        end bh_start
        function other
        movq %gs:0x13572468+1(%eax), %rcx
        ret
        end other
