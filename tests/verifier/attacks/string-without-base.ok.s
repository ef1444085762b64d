# accepted
# The closest legal form of string-without-base.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        stosq
        ret
        end bh_start
