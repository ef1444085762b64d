// SPDX-License-Identifier: MIT
//
// Gates: from domain code into kernel C functions, for the fixed run-time calls and the kernel interfaces. The caller's registers are
// the C function's arguments; results in %rax and %rdx.
#include "proxy.inc"

// NAME_traced stands in the domains' tables while calls of the kernel are traced, `method': interface << 8 | method.
        .macro GATE name, function, method
FUNCTION \name
        lea \function(%rip), %rax
        jmp gate_enter
        .ifnb \method
FUNCTION \name\()_traced
        lea \function(%rip), %rax
        mov $\method, %r10d
        jmp gate_enter_traced
        .endif
        .endm
