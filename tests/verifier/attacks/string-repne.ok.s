# accepted
# The closest legal form of string-repne.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        rep stosb
        ret
        end bh_start
