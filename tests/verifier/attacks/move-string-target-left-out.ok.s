# accepted
# The closest legal form of move-string-target-left-out.s.
        .include "attack.inc"
        function bh_start
        movl %esi, %esi
        addq %gs:0x10000, %rsi
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        rep movsb
        ret
        end bh_start
