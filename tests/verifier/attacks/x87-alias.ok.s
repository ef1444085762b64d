# accepted
# The closest legal form of x87-alias.s.
        .include "attack.inc"
        function bh_start
        fcom %st(1)
        ret
        end bh_start
