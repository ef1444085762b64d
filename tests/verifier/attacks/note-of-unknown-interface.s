# rule: IMAGE_NOTES
# An interface for which the table has no entries.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.x, "a", @note
        .balign 4
        .long 9, 48, 1
        .asciz "Bulkhead"
        .balign 4
        .long 60, 1, 1, 1
        .asciz "console"
        .zero 24
        .text
