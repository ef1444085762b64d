# accepted
# The closest legal form of note-runs-past-the-end.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.x, "a", @note
        .balign 4
        .long 4, 4, 1
        .asciz "GNU"
        .long 0
        .text
