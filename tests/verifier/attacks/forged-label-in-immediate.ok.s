# accepted
# The closest legal form of forged-label-in-immediate.s.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        ret
        end bh_start
        function other
        movl $0x13572468+1, %ecx
        ret
        end other
