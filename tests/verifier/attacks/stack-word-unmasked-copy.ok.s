# accepted
# The closest legal form of stack-word-unmasked-copy.s.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rcx
        andq $-65536, %rcx
        movq %rax, (%rcx)
        ret
        end bh_start
