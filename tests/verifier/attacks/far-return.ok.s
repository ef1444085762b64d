# accepted
# The closest legal form of far-return.s.
        .include "attack.inc"
        function bh_start
        pushq $8
        pushq %rdi
        addq $16, %rsp
        ret
        end bh_start
