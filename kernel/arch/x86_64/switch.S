// SPDX-License-Identifier: MIT
//
// Thread switch. A thread that gave up the processor itself has its callee-saved registers on its control stack; one that
// was preempted has a whole struct trap_frame in its control block. Domain code cannot change MXCSR or the x87 control word, so a
// voluntary switch leaves the FPU alone.
#include "frame.inc"

        .text
        .globl switch_stacks, switch_landing, switch_to_frame, switch_new_thread
        .type switch_stacks, @function
        .type switch_to_frame, @function
        .type switch_new_thread, @function

        .balign 16
switch_stacks:
        .cfi_startproc
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        mov %rsp, (%rdi)
        mov %rsi, %rsp
switch_landing:
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        ret
        .cfi_endproc
        .size switch_stacks, . - switch_stacks

        .balign 16
switch_to_frame:
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        mov %rsp, (%rdi)
        mov %rsi, %rsp          // from here on the frame itself is the stack
        KERNEL_UNLOCK_FROM %rdx
        FRAME_RESUME
        .size switch_to_frame, . - switch_to_frame

        .balign 16
switch_new_thread:
        .cfi_startproc
        .cfi_undefined %rip
        mov %r12, %rdi
        call *%rbx
        call thread_end
        ud2
        .cfi_endproc
        .size switch_new_thread, . - switch_new_thread

        .section .note.GNU-stack, "", @progbits
