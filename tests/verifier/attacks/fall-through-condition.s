# rule: FALL_THROUGH
# A conditional branch at the end of a function is not always taken.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
1:
        je 1b
        end bh_start
