// SPDX-License-Identifier: MIT
//
// Isolation "pks": the domain runs in the kernel's mode with the rights of its own protection key. Who comes back has its rights still, so nothing of
// the kernel can be read, and nothing be pushed, before PKRS is written. What the domain can change and others rely on is put right then.
#include "mechanism.inc"

        .section text_proxy, "ax", @progbits

        .macro KEY_RIGHTS_ALL
        xor %eax, %eax
        xor %edx, %edx
        mov $MSR_PKRS, %ecx
        wrmsr
        .endm

// Of thread \thread; changes \scratch.
        .macro RESTORE_SHARED_STATE thread, scratch
        mov THREAD_bases(\thread), \scratch
        wrgsbase \scratch
        mov THREAD_bases + 8(\thread), \scratch
        wrfsbase \scratch
        fnclex
        fldcw trap_control_word(%rip)
        ldmxcsr trap_mxcsr(%rip)
        cld
        .endm

ADAPTERS pks
        CALLEE_STACK
        mov %rbp, %rsp
        mov %rax, %r12
        mov %rcx, %r13
        mov %rdx, %r14
        mov DOMAIN_key_rights(%r11), %eax
        xor %edx, %edx
        mov $MSR_PKRS, %ecx
        wrmsr
        mov %r13, %rcx
        mov %r14, %rdx
        xor %ebp, %ebp
        xor %r10d, %r10d
        xor %r11d, %r11d
        call *%r12
        mov %rax, %r10
        mov %rdx, %r11
        KEY_RIGHTS_ALL
        CURRENT_THREAD %rcx, %ecx
        RESTORE_SHARED_STATE %rcx, %rax
        mov THREAD_control(%rcx), %rsp
        mov %r10, %rax
        mov %r11, %rdx
        ret

FUNCTION pks_door
        movq %rax, %xmm15
        mov %rcx, %r10
        mov %rdx, %r11
        KEY_RIGHTS_ALL
        mov %r11, %rdx
        CURRENT_THREAD %r11, %r11d
        RESTORE_SHARED_STATE %r11, %rcx
        mov %r10, %rcx
        movq %xmm15, %rax
        mov %rsp, %r10
        CALL_OUT
        and $-CONTROL_STACK_SIZE, %rcx
        mov THREAD_domain(%rcx), %rcx
        mov %rax, %r8
        mov %rdx, %r9
        mov DOMAIN_key_rights(%rcx), %eax
        mov %r10, %rsp
        xor %edx, %edx
        mov $MSR_PKRS, %ecx
        wrmsr
        mov %r8, %rax
        mov %r9, %rdx
        ret

        .section .note.GNU-stack, "", @progbits
