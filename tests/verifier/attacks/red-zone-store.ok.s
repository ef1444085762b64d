# accepted
# The closest legal form of red-zone-store.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        popq %rax
        ret
        end bh_start
