// SPDX-License-Identifier: MIT
//
// The note that a hardened image carries (kernel/abi/image.h): the verifier refuses it when an indirect branch has the plain form. Linked by
// `bhcc --hardened'.
        .section .note.bulkhead.hardened, "a", @note
        .balign 4
        .long 9, 0, 4
        .asciz "Bulkhead"
        .balign 4
        .section .note.GNU-stack, "", @progbits
