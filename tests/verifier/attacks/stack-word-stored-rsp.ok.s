# accepted
# The closest legal form of stack-word-stored-rsp.s.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-65536, %rax
        movq %rbp, (%rax)
        ret
        end bh_start
