# accepted
# The closest legal form of call-into-function.s.
        .include "attack.inc"
        function bh_start
        call other
        ret
        end bh_start
        function other
        nop
        ret
        end other
