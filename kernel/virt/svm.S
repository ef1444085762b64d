// SPDX-License-Identifier: MIT
//
// World switch for AMD SVM.
//
// void svm_enter(hpa vmcb, struct bh_vcpu_state *registers, hpa host_area, uint8_t fpu[512])
//
// Called with interrupts disabled, returns so. Between CLGI and STGI nothing can interrupt; the IF that
// VMRUN finds set lets physical interrupts end the guest's run (AMD APM vol. 2, 15.21), and they stay
// pending until the caller opens a window. The guest's rax and rsp are in the VMCB, its other general
// registers live in the shared state page, in the order of struct VcpuState of idl/guest.bidl.
    .text
    .globl svm_enter
    .type svm_enter, @function
svm_enter:
    .cfi_startproc
    push %rbx
    .cfi_adjust_cfa_offset 8
    push %rbp
    .cfi_adjust_cfa_offset 8
    push %r12
    .cfi_adjust_cfa_offset 8
    push %r13
    .cfi_adjust_cfa_offset 8
    push %r14
    .cfi_adjust_cfa_offset 8
    push %r15
    .cfi_adjust_cfa_offset 8
    push %rsi                   // registers
    .cfi_adjust_cfa_offset 8
    push %rcx                   // fpu
    .cfi_adjust_cfa_offset 8
    push %rdx                   // host area
    .cfi_adjust_cfa_offset 8
    mov %rdi, %rax
    clgi
    sti
    fxrstor64 (%rcx)
    xchg %rax, %rdx
    vmsave %rax                 // host: fs, gs, tr, ldtr, syscall registers
    mov %rdx, %rax
    mov 8(%rsi), %rbx
    mov 16(%rsi), %rcx
    mov 24(%rsi), %rdx
    mov 40(%rsi), %rdi
    mov 48(%rsi), %rbp
    mov 64(%rsi), %r8
    mov 72(%rsi), %r9
    mov 80(%rsi), %r10
    mov 88(%rsi), %r11
    mov 96(%rsi), %r12
    mov 104(%rsi), %r13
    mov 112(%rsi), %r14
    mov 120(%rsi), %r15
    mov 32(%rsi), %rsi
    vmload %rax
    vmrun %rax
    vmsave %rax
    push %rsi
    mov 24(%rsp), %rsi          // registers
    mov %rbx, 8(%rsi)
    mov %rcx, 16(%rsi)
    mov %rdx, 24(%rsi)
    mov %rdi, 40(%rsi)
    mov %rbp, 48(%rsi)
    mov %r8, 64(%rsi)
    mov %r9, 72(%rsi)
    mov %r10, 80(%rsi)
    mov %r11, 88(%rsi)
    mov %r12, 96(%rsi)
    mov %r13, 104(%rsi)
    mov %r14, 112(%rsi)
    mov %r15, 120(%rsi)
    pop 32(%rsi)
    pop %rax                    // host area
    .cfi_adjust_cfa_offset -8
    vmload %rax
    pop %rcx                    // fpu
    .cfi_adjust_cfa_offset -8
    fxsave64 (%rcx)
    fninit
    ldmxcsr svm_default_mxcsr(%rip)
    cli
    stgi
    pop %rsi
    .cfi_adjust_cfa_offset -8
    pop %r15
    .cfi_adjust_cfa_offset -8
    pop %r14
    .cfi_adjust_cfa_offset -8
    pop %r13
    .cfi_adjust_cfa_offset -8
    pop %r12
    .cfi_adjust_cfa_offset -8
    pop %rbp
    .cfi_adjust_cfa_offset -8
    pop %rbx
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size svm_enter, . - svm_enter

    .section .rodata
    .balign 4
svm_default_mxcsr:
    .long 0x1f80

    .section .note.GNU-stack,"",@progbits
