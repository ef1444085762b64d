# accepted
# The closest legal form of pivot-by-xchg.s.
        .include "attack.inc"
        function bh_start
        xchgq %rax, %rbp
        ret
        end bh_start
