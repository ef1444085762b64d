# rule: PREFIX
# 67 makes the string addresses 32-bit ones without the slot's base.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        .byte 0x67
        stosb
        ret
        end bh_start
