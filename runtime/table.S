// SPDX-License-Identifier: MIT
//
// The fixed run-time calls as functions: bh_call_NAME jumps through its entry of the slot's table. In verified form as it stands.
#define BH_TABLE_CALLS 0x10080

        .macro STUB index, name
        .section .text.bh_call_\name, "ax", @progbits
        .globl bh_call_\name
        .hidden bh_call_\name
        .type bh_call_\name, @function
        .balign 16
bh_call_\name:
        .cfi_startproc
        jmp *%gs:(BH_TABLE_CALLS + 8 * \index)
        .cfi_endproc
        .size bh_call_\name, . - bh_call_\name
        .pushsection bh_functions, "ao", @progbits, .text.bh_call_\name
        .p2align 2
        .long bh_call_\name - .
        .popsection
        .endm

#define CALL(index, name, arguments, sentence) STUB index, name
#include "kernel/abi/calls.def"

        .section .note.GNU-stack, "", @progbits
