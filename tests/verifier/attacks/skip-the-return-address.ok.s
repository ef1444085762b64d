# accepted
# The closest legal form of skip-the-return-address.s.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        addq $8, %rsp
        ret
        end bh_start
