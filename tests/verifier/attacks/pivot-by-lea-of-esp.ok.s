# accepted
# The closest legal form of pivot-by-lea-of-esp.s.
        .include "attack.inc"
        function bh_start
        leaq -8(%rsp), %rsp
        leaq 8(%rsp), %rsp
        ret
        end bh_start
