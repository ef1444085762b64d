# accepted
# The closest legal form of depth-less-on-the-second-path.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        testl %eax, %eax
        je 1f
        nop
1:
        popq %rax
        ret
        end bh_start
