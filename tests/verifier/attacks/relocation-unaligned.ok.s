# accepted
# The closest legal form of relocation-unaligned.s.
        .include "attack.inc"
        function bh_start
        leaq words(%rip), %rax
        ret
        end bh_start
        .data
        .balign 8
words:
        .quad bh_start
        .text
