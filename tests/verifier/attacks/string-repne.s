# rule: PREFIX
# The other repeat prefix.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        .byte 0xf2
        stosb
        ret
        end bh_start
