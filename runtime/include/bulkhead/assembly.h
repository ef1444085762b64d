// SPDX-License-Identifier: MIT
//
// For functions written in assembly (.S, assembled as they stand: docs/verified-code.md).
//
//     BH_FUNCTION name        starts a function: aligned, listed for the verifier, in a section of its own
//         ...
//     BH_END name
//
// Its type label is the one that the C compiler gives the function's prototype, wherever a source takes its address; as long as none
// does the label is 0, which no call can ask for.
#ifndef BH_ASSEMBLY_H
#define BH_ASSEMBLY_H

        .macro BH_FUNCTION name
        .section .text.\name, "ax", @progbits
        .globl \name
        .hidden \name
        .type \name, @function
        .weak __kcfi_typeid_\name
        .balign 16, 0x90
        .skip 11, 0x90
        movl $__kcfi_typeid_\name, %eax
\name:
        .cfi_startproc
        .endm

        .macro BH_END name
        .cfi_endproc
        .size \name, . - \name
        .pushsection bh_functions, "ao", @progbits, .text.\name
        .p2align 2
        .long \name - .
        .popsection
        .endm

#endif
