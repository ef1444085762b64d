# accepted
# The closest legal form of software-interrupt.s.
        .include "attack.inc"
        function bh_start
        ud2
        ret
        end bh_start
