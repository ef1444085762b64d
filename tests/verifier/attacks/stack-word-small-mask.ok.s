# accepted
# The closest legal form of stack-word-small-mask.s.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rcx
        andq $-65536, %rcx
        movq (%rcx), %rax
        ret
        end bh_start
