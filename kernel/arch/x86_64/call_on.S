// SPDX-License-Identifier: MIT
//
// Calls a function on another stack. For kernel work that needs more than the rest of a control stack.
        .text
        .globl call_on_stack
        .type call_on_stack, @function
        .balign 16
// uint64_t call_on_stack(void *top, uint64_t (*function)(void *), void *argument)
call_on_stack:
        .cfi_startproc
        push %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_offset %rbp, -16
        mov %rsp, %rbp
        .cfi_def_cfa_register %rbp
        mov %rdi, %rsp
        and $-16, %rsp
        mov %rdx, %rdi
        call *%rsi
        mov %rbp, %rsp
        pop %rbp
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size call_on_stack, . - call_on_stack
        .section .note.GNU-stack, "", @progbits
