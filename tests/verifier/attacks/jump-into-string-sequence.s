# rule: BRANCH_SEQUENCE
# A branch past the truncation of a string instruction's target.
        .include "attack.inc"
        function bh_start
        testl %eax, %eax
        je 1f
        movl %edi, %edi
1:
        addq %gs:0x10000, %rdi
        stosq
        ret
        end bh_start
