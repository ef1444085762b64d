# accepted
# The closest legal form of pivot-by-enter.s.
        .include "attack.inc"
        function bh_start
        pushq %rbp
        subq $3000, %rsp
        addq $3000, %rsp
        popq %rbp
        ret
        end bh_start
