# accepted
# The closest legal form of flags-to-stack.s.
        .include "attack.inc"
        function bh_start
        lahf
        ret
        end bh_start
