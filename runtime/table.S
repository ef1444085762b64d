// SPDX-License-Identifier: MIT
//
// The fixed run-time calls as functions: bh_call_NAME jumps through its entry of the slot's table. In verified form as it stands.
#include "bulkhead/assembly.inc"
#include "kernel/abi/slot.h"

        .macro STUB index, name
BH_FUNCTION bh_call_\name
        BH_TABLE_JUMP BH_TABLE_CALLS + 8 * \index
BH_END bh_call_\name
        .endm

#define CALL(index, name, arguments, sentence) STUB index, name
#include "kernel/abi/calls.def"

        .section .note.GNU-stack, "", @progbits
