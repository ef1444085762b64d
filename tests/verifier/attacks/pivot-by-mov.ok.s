# accepted
# The closest legal form of pivot-by-mov.s.
        .include "attack.inc"
        function bh_start
        movq %rax, %rbp
        ret
        end bh_start
