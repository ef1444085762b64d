# accepted
# The closest legal form of frame-too-deep-by-lea.s.
        .include "attack.inc"
        function bh_start
        leaq -4000(%rsp), %rsp
        leaq 4000(%rsp), %rsp
        ret
        end bh_start
