# accepted
# The closest legal form of fall-off-the-text.s.
        .include "attack.inc"
        function bh_start
        jmp bh_start
        end bh_start
