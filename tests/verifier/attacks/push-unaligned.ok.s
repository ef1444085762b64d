# accepted
# The closest legal form of push-unaligned.s.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        pushq %rax
        popq %rax
        addq $8, %rsp
        ret
        end bh_start
