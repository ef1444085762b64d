# accepted
# The closest legal form of pivot-by-lea-with-index.s.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        leaq 8(%rsp), %rsp
        ret
        end bh_start
