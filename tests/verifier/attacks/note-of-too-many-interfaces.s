# rule: IMAGE_NOTES
# More interfaces than an image may use.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.x, "a", @note
        .set number, 0
        .rept 33
        .balign 4
        .long 9, 48, 1
        .asciz "Bulkhead"
        .balign 4
        .long number, 1, 1, 1
        .asciz "console"
        .zero 24
        .set number, number + 1
        .endr
        .text
