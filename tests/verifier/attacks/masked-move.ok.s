# accepted
# The closest legal form of masked-move.s.
        .include "attack.inc"
        function bh_start
        movdqu %xmm0, %gs:(%edi)
        ret
        end bh_start
