# rule: IMAGE_NOTES
# Two notes that each name a function table.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .note.x, "a", @note
        .balign 4
        .long 9, 8, 3
        .asciz "Bulkhead"
        .balign 4
        .long __start_bh_functions - .
        .long __stop_bh_functions - .
        .text
