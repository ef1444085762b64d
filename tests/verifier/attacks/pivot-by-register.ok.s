# accepted
# The closest legal form of pivot-by-register.s.
        .include "attack.inc"
        function bh_start
        subq $128, %rsp
        addq $128, %rsp
        ret
        end bh_start
