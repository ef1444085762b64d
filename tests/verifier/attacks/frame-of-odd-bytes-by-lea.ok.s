# accepted
# The closest legal form of frame-of-odd-bytes-by-lea.s.
        .include "attack.inc"
        function bh_start
        leaq -4(%rsp), %rsp
        leaq 4(%rsp), %rsp
        ret
        end bh_start
