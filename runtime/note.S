// SPDX-License-Identifier: MIT
//
// The note that tells the verifier where the function table is (kernel/abi/image.h). The linker gives the table's bounds.
        .section .note.bulkhead, "a", @note
        .balign 4
        .long 9, 8, 3
        .asciz "Bulkhead"
        .balign 4
        .long __start_bh_functions - .
        .long __stop_bh_functions - .
        .section .note.GNU-stack, "", @progbits
