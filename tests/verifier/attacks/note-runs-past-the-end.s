# rule: IMAGE_NOTES
# A note that says it is longer than its segment.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.x, "a", @note
        .balign 4
        .long 4, 400, 1
        .asciz "GNU"
        .text
