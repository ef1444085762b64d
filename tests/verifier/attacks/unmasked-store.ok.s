# accepted
# The closest legal form of unmasked-store.s.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:(%ecx)
        ret
        end bh_start
