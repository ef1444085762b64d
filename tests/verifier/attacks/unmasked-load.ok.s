# accepted
# The closest legal form of unmasked-load.s.
        .include "attack.inc"
        function bh_start
        movq %gs:(%ecx), %rax
        ret
        end bh_start
