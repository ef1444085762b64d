# accepted
# The closest legal form of pivot-by-pop.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        popq %r12
        ret
        end bh_start
