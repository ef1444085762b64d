# rule: BRANCH_TARGET
# A conditional branch into an immediate.
        .include "attack.inc"
        function bh_start
        testl %eax, %eax
        jne 1f+2
1:
        movabsq $0xc3050fc3050f, %rax
        ret
        end bh_start
