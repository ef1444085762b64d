# accepted
# The closest legal form of jump-to-string.s.
        .include "attack.inc"
        function bh_start
        jmp 1f
1:
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        rep stosb
        ret
        end bh_start
