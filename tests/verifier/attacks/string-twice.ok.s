# accepted
# The closest legal form of string-twice.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        stosq
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        stosq
        ret
        end bh_start
