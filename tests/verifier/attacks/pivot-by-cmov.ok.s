# accepted
# The closest legal form of pivot-by-cmov.s.
        .include "attack.inc"
        function bh_start
        cmoveq %rax, %rbp
        ret
        end bh_start
