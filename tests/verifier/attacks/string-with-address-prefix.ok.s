# accepted
# The closest legal form of string-with-address-prefix.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        stosb
        ret
        end bh_start
