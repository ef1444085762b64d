# accepted
# The closest legal form of disable-interrupts.s.
        .include "attack.inc"
        function bh_start
        clc
        ret
        end bh_start
