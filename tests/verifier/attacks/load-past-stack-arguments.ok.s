# accepted
# The closest legal form of load-past-stack-arguments.s.
        .include "attack.inc"
        function bh_start
        movq 256(%rsp), %rax
        ret
        end bh_start
