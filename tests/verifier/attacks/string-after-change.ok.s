# accepted
# The closest legal form of string-after-change.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        stosq
        addq %rax, %rdi
        ret
        end bh_start
