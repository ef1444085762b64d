# accepted
# The closest legal form of opcode-prefix-before-segment.s.
        .include "attack.inc"
        function bh_start
        movdqu %xmm5, %gs:(%ecx)
        ret
        end bh_start
