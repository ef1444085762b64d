# accepted
# The closest legal form of jump-to-data.s.
        .include "attack.inc"
        function bh_start
        leaq words(%rip), %rax
        ret
        end bh_start
        .data
words:
        .quad 0xc3
        .text
