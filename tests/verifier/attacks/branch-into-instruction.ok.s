# accepted
# The closest legal form of branch-into-instruction.s.
        .include "attack.inc"
        function bh_start
        testl %eax, %eax
        jne 1f
1:
        movabsq $0xc3050fc3050f, %rax
        ret
        end bh_start
