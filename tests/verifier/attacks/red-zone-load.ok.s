# accepted
# The closest legal form of red-zone-load.s.
        .include "attack.inc"
        function bh_start
        movq 8(%rsp), %rax
        ret
        end bh_start
