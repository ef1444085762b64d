// SPDX-License-Identifier: MIT
//
// The note that tells the verifier where the function table is (kernel/abi/image.h). The linker gives the table's bounds. In the plain flavour,
// the note that says that there is none.
        .section .note.bulkhead, "a", @note
        .balign 4
#ifdef __BULKHEAD_PLAIN__
        .long 9, 0, 5
        .asciz "Bulkhead"
        .balign 4
#else
        .long 9, 8, 3
        .asciz "Bulkhead"
        .balign 4
        .long __start_bh_functions - .
        .long __stop_bh_functions - .
#endif
        .section .note.GNU-stack, "", @progbits
