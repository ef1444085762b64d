// SPDX-License-Identifier: MIT
//
// Isolation "none": the switch of stacks and nothing else. The domain's code runs with all the kernel's rights.
#include "mechanism.inc"

        .section text_proxy, "ax", @progbits

ADAPTERS none
        CALLEE_STACK
        mov %rsp, %rbx // the domain gives it back: it is trusted
        mov %rbp, %rsp
        xor %ebp, %ebp // the end of its frames
        call *%rax
        mov %rbx, %rsp
        cld
        ret

FUNCTION none_door
        CURRENT_THREAD %r11, %r11d
        mov %rsp, %r10
        cld
        CALL_OUT
        mov %r10, %rsp
        ret

        .section .note.GNU-stack, "", @progbits
