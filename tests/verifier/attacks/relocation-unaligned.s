# rule: IMAGE_RELOCATIONS
# A relocated word that straddles.
        .include "attack.inc"
        function bh_start
        leaq words(%rip), %rax
        ret
        end bh_start
        .data
        .balign 8
        .byte 0
words:
        .quad bh_start
        .text
