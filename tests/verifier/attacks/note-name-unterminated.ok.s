# accepted
# The closest legal form of note-name-unterminated.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.x, "a", @note
        .balign 4
        .long 9, 48, 1
        .asciz "Bulkhead"
        .balign 4
        .long 3, 4, 1, 1
        .fill 31, 1, 0x41
        .byte 0
        .text
