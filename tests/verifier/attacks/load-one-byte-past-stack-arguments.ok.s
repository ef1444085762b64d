# accepted
# The closest legal form of load-one-byte-past-stack-arguments.s.
        .include "attack.inc"
        function bh_start
        movb 263(%rsp), %al
        ret
        end bh_start
