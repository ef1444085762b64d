# rule: IMAGE_NOTES
# A note of ours with a type that nobody knows.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.x, "a", @note
        .balign 4
        .long 9, 4, 77
        .asciz "Bulkhead"
        .balign 4
        .long 1
        .text
