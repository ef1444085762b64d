# accepted
# The closest legal form of stack-word-displaced.s.
        .include "attack.inc"
        function bh_start
        movq %rsp, %r13
        andq $-65536, %r13
        movq %rax, (%r13)
        ret
        end bh_start
