# accepted
# The closest legal form of jump-into-string-sequence.s.
        .include "attack.inc"
        function bh_start
        testl %eax, %eax
        je 1f
1:
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        stosq
        ret
        end bh_start
