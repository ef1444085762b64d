# accepted
# The closest legal form of test-alias.s.
        .include "attack.inc"
        function bh_start
        testb $1, %cl
        ret
        end bh_start
