# rule: PREFIX
# A segment on the source of a string move.
        .include "attack.inc"
        function bh_start
        movl %esi, %esi
        addq %gs:0x10000, %rsi
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        .byte 0x64
        movsb
        ret
        end bh_start
