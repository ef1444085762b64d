# accepted
# The closest legal form of clear-alignment-override.s.
        .include "attack.inc"
        function bh_start
        stc
        ret
        end bh_start
