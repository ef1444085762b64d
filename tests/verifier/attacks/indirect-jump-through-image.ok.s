# accepted
# The closest legal form of indirect-jump-through-image.s.
        .include "attack.inc"
        function bh_start
        movq table(%rip), %r11
        checked jmp, 0x13572468
        end bh_start
        .data
        .balign 8
table:
        .quad 0
        .text
