# accepted
# The closest legal form of depth-by-condition.s.
        .include "attack.inc"
        function bh_start
        testq %rdi, %rdi
        je 1f
        pushq %rdi
        popq %rdi
1:
        addq $0, %rsp
        ret
        end bh_start
