# rule: IMAGE_NOTES
# More methods than an interface has entries in the table.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.x, "a", @note
        .balign 4
        .long 9, 48, 2
        .asciz "Bulkhead"
        .balign 4
        .long 3, 17, 1, 1
        .asciz "console"
        .zero 24
        .text
