// SPDX-License-Identifier: MIT
//
// setjmp and the inner half of longjmp, in verified form as they stand. A jmp_buf holds the callee-saved registers and the data stack pointer,
// which are the domain's own, and a struct bh_frame_mark, which the kernel fills in and does not believe later. Both end as tail calls, so
// that the frame that the kernel sees is the caller's.
#include "bulkhead/assembly.inc"

#define CALL_ENTRY(index) (0x10080 + 8 * (index))
#define FRAME_MARK 24   // kernel/abi/calls.def
#define FRAME_RESUME 25

        .macro BEGIN names:vararg
        .section .text.bh_jump, "ax", @progbits
        .balign 16
        .irp name, \names
        .globl \name
        .hidden \name
        .type \name, @function
\name:
        .endr
        .cfi_startproc
        .endm

        .macro END name
        .cfi_endproc
        .size \name, . - \name
        .pushsection bh_functions, "ao", @progbits, .text.bh_jump
        .p2align 2
        .long \name - .
        .popsection
        .endm

// int setjmp(jmp_buf): %edi
        BEGIN setjmp, _setjmp, sigsetjmp, __sigsetjmp
        movq %rbx, %gs:(%edi)
        movq %rbp, %gs:8(%edi)
        movq %r12, %gs:16(%edi)
        movq %r13, %gs:24(%edi)
        movq %r14, %gs:32(%edi)
        movq %r15, %gs:40(%edi)
        movq %rsp, %rax
        andq $-65536, %rax
        movq (%rax), %rdx
        movq %rdx, %gs:48(%edi)
        leal 56(%rdi), %edi
        BH_TABLE_JUMP CALL_ENTRY(FRAME_MARK)
        END setjmp

// void bh_jump(const jmp_buf, u64 value): %edi, %rsi
        BEGIN bh_jump
        movq %gs:(%edi), %rbx
        movq %gs:8(%edi), %rbp
        movq %gs:16(%edi), %r12
        movq %gs:24(%edi), %r13
        movq %gs:32(%edi), %r14
        movq %gs:40(%edi), %r15
        movq %gs:48(%edi), %rdx
        movq %rsp, %rax
        andq $-65536, %rax
        movq %rdx, (%rax)
        leal 56(%rdi), %edi
        BH_TABLE_JUMP CALL_ENTRY(FRAME_RESUME)
        END bh_jump

        .section .note.GNU-stack, "", @progbits
