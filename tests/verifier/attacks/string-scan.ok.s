# accepted
# The closest legal form of string-scan.s.
        .include "attack.inc"
        function bh_start
        nop
        ret
        end bh_start
