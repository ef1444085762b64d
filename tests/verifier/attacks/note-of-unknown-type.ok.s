# accepted
# The closest legal form of note-of-unknown-type.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.x, "a", @note
        .balign 4
        .long 4, 4, 77
        .asciz "GNU"
        .balign 4
        .long 1
        .text
