# accepted
# The closest legal form of image-with-segment.s.
        .include "attack.inc"
        function bh_start
        movq %rax, word(%rip)
        ret
        end bh_start
        .data
word:
        .quad 0
        .text
