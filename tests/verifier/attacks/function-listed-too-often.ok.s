# accepted
# The closest legal form of function-listed-too-often.s.
        .include "attack.inc"
        function bh_start
        .fill 17, 1, 0x90
        ret
        listed bh_start
        end bh_start
