// SPDX-License-Identifier: MIT
//
// Thread switch. A thread that gave up the processor itself has its callee-saved registers on its control stack; one that
// was preempted has a whole struct trap_frame in its control block. Domain code cannot change MXCSR or the x87 control word, so a
// voluntary switch leaves the FPU alone.
#include "offsets.h"

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
        mov FRAME_fpu(%rsi), %rax
        fxrstor64 (%rax)
        mov FRAME_gs_base(%rsi), %rax
        wrgsbase %rax
        // From here on the frame itself is the stack: its last five words are what iretq pops.
        mov %rsi, %rsp
        mov FRAME_rflags(%rsp), %rax
        shr $9, %eax
        and $1, %eax
        mov %al, platform_irq_enabled(%rip)
        mov FRAME_fs_base(%rsp), %rax
        wrfsbase %rax
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %r11
        pop %r10
        pop %r9
        pop %r8
        pop %rbp
        pop %rdi
        pop %rsi
        pop %rdx
        pop %rcx
        pop %rbx
        pop %rax
        add $16, %rsp
        iretq
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
