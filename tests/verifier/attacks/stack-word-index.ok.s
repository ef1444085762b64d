# accepted
# The closest legal form of stack-word-index.s.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-65536, %rax
        movq (%rax), %rcx
        ret
        end bh_start
