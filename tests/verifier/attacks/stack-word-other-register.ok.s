# accepted
# The closest legal form of stack-word-other-register.s.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-65536, %rax
        movq %rdx, (%rax)
        ret
        end bh_start
