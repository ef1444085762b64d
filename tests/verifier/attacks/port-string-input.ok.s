# accepted
# The closest legal form of port-string-input.s.
        .include "attack.inc"
        function bh_start
        nop
        ret
        end bh_start
