// SPDX-License-Identifier: MIT
//
// Where the C library's system calls arrive: its "syscall" instructions are calls of __ksyscall. Number in rax, arguments in rdi, rsi,
// rdx, r10, r8, r9; only rax, rcx and r11 may change; the stack may stand anywhere.
        .text
        .globl __ksyscall
        .type __ksyscall, @function
        .balign 16
__ksyscall:
        .cfi_startproc
        push %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        mov %rsp, %rbp
        .cfi_def_cfa_register %rbp
        push %rdi
        push %rsi
        push %rdx
        push %r8
        push %r9
        push %r10
        and $-16, %rsp
        sub $8, %rsp
        push %r9
        mov %r8, %r9
        mov %r10, %r8
        mov %rdx, %rcx
        mov %rsi, %rdx
        mov %rdi, %rsi
        mov %rax, %rdi
        call libc_syscall
        lea -48(%rbp), %rsp
        pop %r10
        pop %r9
        pop %r8
        pop %rdx
        pop %rsi
        pop %rdi
        pop %rbp
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size __ksyscall, . - __ksyscall
        .section .note.GNU-stack, "", @progbits
