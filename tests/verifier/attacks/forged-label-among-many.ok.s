# accepted
# The closest legal form of forged-label-among-many.s.
        .include "attack.inc"
        function bh_start
        checked call, 0x7a000001
        checked call, 0x51000001
        checked call, 0x32000001
        checked call, 0x13000001
        movl $0x7a000002, %eax
        ret
        end bh_start
