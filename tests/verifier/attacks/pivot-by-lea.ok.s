# accepted
# The closest legal form of pivot-by-lea.s.
        .include "attack.inc"
        function bh_start
        leaq 64(%rax), %rbp
        ret
        end bh_start
