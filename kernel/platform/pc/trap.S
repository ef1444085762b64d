// SPDX-License-Identifier: MIT
//
// One way in and out for everything that interrupts. Each class (exceptions; interrupts; NMI, double fault, machine check) has its own
// stack through the IST, since the interrupted code may have no usable one. Just above the frame that the processor pushes
// is room for the rest of struct trap_frame and the FXSAVE image:
//
//   frame + 0    r15 ... rax            pushed here
//        + 120   vector, error          pushed by the stub, error by the processor for some
//        + 136   rip cs rflags rsp ss   pushed by the processor
//        + 176   fault address, gs base, fs base, fpu (pointer), rights of keys  <- IST entry of the task state segment
//        + 224   FXSAVE image, 512 bytes
//
// Exceptions may nest (a guarded copy inside a handler): while one is handled, its IST entry points one step lower.
#include "kernel/arch/x86_64/frame.inc"
#include "kernel/platform/pc/keys.h"

#define FRAME_FXSAVE 224
#define FAULT_STACK_STEP 32768
#define TSS_IST1 36
#define TSS_SHIFT 7 // trap.c gives each processor's task state 128 bytes

        .text
        .globl trap_stubs
        .balign 16
trap_stubs:
        .set vector, 0
        .rept 256
        .balign 16
        .if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
        .else
        push $0
        .endif
        push $vector
        .if (vector == 2) || (vector == 8) || (vector == 18)
        jmp trap_other
        .elseif vector < 32
        jmp trap_exception
        .else
        jmp trap_other
        .endif
        .set vector, vector + 1
        .endr

        .macro save_frame
        push %rax
        push %rbx
        push %rcx
        push %rdx
        push %rsi
        push %rdi
        push %rbp
        push %r8
        push %r9
        push %r10
        push %r11
        push %r12
        push %r13
        push %r14
        push %r15
        cld
        movq $0, FRAME_key_rights(%rsp)
        cmpb $0, trap_tables + TRAP_TABLES_KEYS(%rip)
        jne 2f
3:      testb $3, FRAME_cs(%rsp)
        jz 1f
        mov paging_root(%rip), %rax // out of a domain with a page table of its own
        mov %rax, %cr3
1:      mov %cr2, %rax
        mov %rax, FRAME_fault_address(%rsp)
        rdgsbase %rax
        mov %rax, FRAME_gs_base(%rsp)
        rdfsbase %rax
        mov %rax, FRAME_fs_base(%rsp)
        lea FRAME_FXSAVE(%rsp), %rax
        mov %rax, FRAME_fpu(%rsp)
        fxsave64 (%rax)
        fninit
        ldmxcsr trap_mxcsr(%rip)
        mov %rsp, %rdi
        .subsection 1
2:      mov $MSR_PKRS, %ecx // nothing else can be read before this
        rdmsr
        mov %eax, FRAME_key_rights(%rsp)
        xor %eax, %eax
        wrmsr
        jmp 3b
        .previous
        .endm

        .balign 16
        .type trap_exception, @function
trap_exception:
        save_frame
        str %ebx
        movzwl %bx, %ebx        // selectors are 16 bytes apart
        shl $TSS_SHIFT - 4, %rbx
        subq $FAULT_STACK_STEP, trap_tables + TSS_IST1 - (SELECTOR_TASK << (TSS_SHIFT - 4))(%rbx)
        call trap_dispatch
        addq $FAULT_STACK_STEP, trap_tables + TSS_IST1 - (SELECTOR_TASK << (TSS_SHIFT - 4))(%rbx)
        jmp trap_resume
        .size trap_exception, . - trap_exception

        .balign 16
        .type trap_other, @function
trap_other:
        save_frame
        call trap_dispatch
        .globl trap_resume
trap_resume:
        FRAME_RESUME
        .size trap_other, . - trap_other

        .section .rodata
        .balign 4
        .globl trap_mxcsr, trap_control_word
trap_mxcsr:
        .long 0x1f80
trap_control_word: // of the x87
        .short 0x37f

        .section .note.GNU-stack, "", @progbits
