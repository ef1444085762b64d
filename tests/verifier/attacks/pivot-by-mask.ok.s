# accepted
# The closest legal form of pivot-by-mask.s.
        .include "attack.inc"
        function bh_start
        movq %rdi, %rax
        andq $-64, %rax
        ret
        end bh_start
