# accepted
# The closest legal form of caller-frame-store.s.
        .include "attack.inc"
        function bh_start
        movq 64(%rsp), %rax
        ret
        end bh_start
