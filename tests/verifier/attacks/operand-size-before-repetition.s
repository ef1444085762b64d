# rule: PREFIX
# Words are moved, and capstone 4 sees double words: it overlooks a 66 in front of f3.
        .include "attack.inc"
        function bh_start
        movl %esi, %esi
        addq %gs:0x10000, %rsi
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        .byte 0x66, 0xf3, 0xa5
        ret
        end bh_start
