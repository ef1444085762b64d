# accepted
# The closest legal form of image-in-front.s.
        .include "attack.inc"
        function bh_start
        movq word(%rip), %rax
        ret
        end bh_start
        .data
word:
        .quad 0
        .text
