# rule: IMAGE_NOTES
# The note that says that an image is hardened has contents.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.hardened, "a", @note
        .balign 4
        .long 9, 4, 4
        .asciz "Bulkhead"
        .balign 4
        .long 0
        .text
