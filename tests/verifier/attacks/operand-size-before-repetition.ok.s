# accepted
# The closest legal form of operand-size-before-repetition.s.
        .include "attack.inc"
        function bh_start
        movl %esi, %esi
        addq %gs:0x10000, %rsi
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        .byte 0xf3, 0x66, 0xa5
        ret
        end bh_start
