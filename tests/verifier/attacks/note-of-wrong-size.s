# rule: IMAGE_NOTES
# An interface note that is too short.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.x, "a", @note
        .balign 4
        .long 9, 4, 1
        .asciz "Bulkhead"
        .balign 4
        .long 1
        .text
