# accepted
# The closest legal form of stack-with-slot-prefix.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        movq %rax, (%rsp)
        popq %rax
        ret
        end bh_start
