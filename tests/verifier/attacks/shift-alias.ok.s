# accepted
# The closest legal form of shift-alias.s.
        .include "attack.inc"
        function bh_start
        shlb $4, %al
        ret
        end bh_start
