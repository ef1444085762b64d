# accepted
# The closest legal form of stack-word-address.s.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-65536, %rax
        movq (%rax), %rcx
        ret
        end bh_start
