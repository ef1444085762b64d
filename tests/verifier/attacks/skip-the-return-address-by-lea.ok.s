# accepted
# The closest legal form of skip-the-return-address-by-lea.s.
        .include "attack.inc"
        function bh_start
        leaq -8(%rsp), %rsp
        leaq 8(%rsp), %rsp
        ret
        end bh_start
