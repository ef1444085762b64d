# accepted
# The closest legal form of jump-in-front-of-text.s.
        .include "attack.inc"
        function bh_start
        jmp bh_start
        end bh_start
