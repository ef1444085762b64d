# accepted
# The closest legal form of branch-past-the-truncation.s.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
        jne 1f
        nop
1:
        checked call, 0x13572468
        ret
        end bh_start
