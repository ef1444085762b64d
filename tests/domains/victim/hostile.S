// SPDX-License-Identifier: MIT
//
// What C does not do: a call with a data stack pointer that is none; one of a table entry that the image does not import (interface 1, method 0);
// calls of a server and of the kernel with a control stack that is no multiple of 16; a full floating-point stack.
#include "bulkhead/assembly.inc"
#include "kernel/abi/slot.h"

        .macro BEGIN name
        .section .text.\name, "ax", @progbits
        .globl \name
        .hidden \name
        .type \name, @function
        .balign 16
\name:
        .cfi_startproc
        .endm
        .macro END name
        .cfi_endproc
        .size \name, . - \name
        .section bh_functions, "ao", @progbits, .text.\name
        .p2align 2
        .long \name - .
        .endm

// uint64_t call_without_stack(capability, depth, kind, value, stack): the relay stub's own arguments, and the pointer.
BEGIN call_without_stack
        push %rbx
        .cfi_adjust_cfa_offset 8
        mov %rsp, %rax
        and $-65536, %rax
        mov (%rax), %rbx
        mov %rsp, %rax
        and $-65536, %rax
        mov %r8, (%rax)
        call bh_stub_victim_relay
        mov %rax, %rdx
        mov %rsp, %rcx
        and $-65536, %rcx
        mov %rbx, (%rcx)
        mov %rdx, %rax
        pop %rbx
        .cfi_adjust_cfa_offset -8
        ret
END call_without_stack

// void unlabelled(void): not for calls through pointers.
BEGIN unlabelled
        ret
END unlabelled

BEGIN call_not_imported
        BH_TABLE_JUMP BH_TABLE_METHOD(1, 0)
END call_not_imported

// void fill_fpu(void): leave x87's stack full.
BEGIN fill_fpu
        .rept 8
        fld1
        .endr
        ret
END fill_fpu

// uint64_t call_misaligned(capability, value): of victim.echo.
BEGIN call_misaligned
        call bh_stub_victim_echo
        ret
END call_misaligned

// uint64_t call_kernel_misaligned(void): of `time'.
BEGIN call_kernel_misaligned
        BH_TABLE_CALL BH_TABLE_CALLS + 8 * 4
        ret
END call_kernel_misaligned

// uint64_t raw_call_N(six words): run-time call N as it comes.
        .macro RAW_CALL index
BEGIN raw_call_\index
        BH_TABLE_JUMP BH_TABLE_CALLS + 8 * \index
END raw_call_\index
        .endm
        .irp index, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24
        RAW_CALL \index
        .endr

        .section .note.GNU-stack, "", @progbits
