# accepted
# The closest legal form of stack-word-displaced-by-index.s.
        .include "attack.inc"
        function bh_start
        movq %rsp, %r12
        andq $-65536, %r12
        movq %rax, (%r12)
        ret
        end bh_start
