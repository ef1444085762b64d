# accepted
# The closest legal form of load-straddling-stack-arguments.s.
        .include "attack.inc"
        function bh_start
        movups 248(%rsp), %xmm0
        ret
        end bh_start
