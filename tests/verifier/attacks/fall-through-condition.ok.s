# accepted
# The closest legal form of fall-through-condition.s.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
1:
        je 1b
        ud2
        end bh_start
