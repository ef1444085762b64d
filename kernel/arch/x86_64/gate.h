// SPDX-License-Identifier: MIT
//
// Gates: from domain code into kernel C functions, for the fixed run-time calls and the kernel interfaces. The caller's registers are
// the C function's arguments; results in %rax and %rdx.
#include "proxy.inc"

        .macro GATE name, function
FUNCTION \name
        lea \function(%rip), %rax
        jmp gate_enter
        .endm
