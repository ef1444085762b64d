# accepted
# The closest legal form of direction-flag.s.
        .include "attack.inc"
        function bh_start
        cld
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        rep stosb
        ret
        end bh_start
