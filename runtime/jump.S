// SPDX-License-Identifier: MIT
//
// setjmp and the inner half of longjmp, in verified form as they stand. A jmp_buf holds the callee-saved registers and the data stack pointer,
// which are the domain's own, and a struct bh_frame_mark, which the kernel fills in and does not believe later. Both end as tail calls, so
// that the frame that the kernel sees is the caller's.
#include "bulkhead/assembly.inc"

// int setjmp(jmp_buf): %edi
        .irp name, _setjmp, sigsetjmp, __sigsetjmp
        .globl \name
        .hidden \name
        .set \name, setjmp
        .endr
#ifdef __BULKHEAD_PLAIN__
// The stack is the domain's own: setjmp keeps the stack pointer and where it returns to.
BH_FUNCTION setjmp
        movq (%rsp), %rdx
        leaq 8(%rsp), %rcx
        movq %rbx, (%rdi)
        movq %rbp, 8(%rdi)
        movq %r12, 16(%rdi)
        movq %r13, 24(%rdi)
        movq %r14, 32(%rdi)
        movq %r15, 40(%rdi)
        movq %rcx, 48(%rdi)
        movq %rdx, 56(%rdi)
        xorl %eax, %eax
        ret
BH_END setjmp

BH_FUNCTION bh_jump
        movq %rsi, %rax
        movq (%rdi), %rbx
        movq 8(%rdi), %rbp
        movq 16(%rdi), %r12
        movq 24(%rdi), %r13
        movq 32(%rdi), %r14
        movq 40(%rdi), %r15
        movq 48(%rdi), %rsp
        jmp *56(%rdi)
BH_END bh_jump
#else
BH_FUNCTION setjmp
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
        jmp bh_call_frame_mark
BH_END setjmp

// void bh_jump(const jmp_buf, u64 value): %edi, %rsi
BH_FUNCTION bh_jump
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
        jmp bh_call_frame_resume
BH_END bh_jump
#endif

        .section .note.GNU-stack, "", @progbits
