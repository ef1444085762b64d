# accepted
# The closest legal form of operand-size-on-call.s.
        .include "attack.inc"
        function bh_start
        call bh_start
        ret
        end bh_start
