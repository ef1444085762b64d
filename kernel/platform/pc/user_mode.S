// SPDX-License-Identifier: MIT
//
// Isolation "paging": the domain runs in user mode on a page table of its own. The way in is sysret, to the page at BH_SLOT_DOOR; the ways out are
// syscall, from anywhere, and traps (trap.S). What the domain can change and others rely on is put right on the way out: segment bases, the
// floating-point units' control words and pending exceptions, flags. Interrupts are off while the domain's page table is used in the kernel's mode.
#include "mechanism.inc"

#define DOOR_RETURN 0xffffffff // in place of a call's number: the method has returned
#define USER_FLAGS 0x202

        .section text_proxy, "ax", @progbits

        .macro TO_USER space, place
        cli
        mov \space, %cr3
        mov \place, %rcx
        mov $USER_FLAGS, %r11d
        sysretq
        .endm

ADAPTERS paging
        CALLEE_STACK
        mov DOMAIN_space(%r11), %rbx
        mov DOMAIN_base(%r11), %r12
        add $SLOT_DOOR + paging_page_enter - paging_page, %r12
        mov %rcx, %r10
        mov %rbp, %rsp
        xor %ebp, %ebp
        xor %r13d, %r13d
        xor %r14d, %r14d
        xor %r15d, %r15d
        TO_USER %rbx, %r12

FUNCTION paging_syscall
        mov paging_root(%rip), %rcx
        mov %rcx, %cr3
        CURRENT_THREAD %r11, %r11d
        mov THREAD_bases(%r11), %rcx
        wrgsbase %rcx
        mov THREAD_bases + 8(%r11), %rcx
        wrfsbase %rcx
        fnclex
        fldcw trap_control_word(%rip)
        ldmxcsr trap_mxcsr(%rip)
        mov %r10, %rcx
        mov %rsp, %r10
        mov THREAD_control(%r11), %rsp
        sti
        cmp $DOOR_RETURN, %eax
        je 1f
        CALL_OUT
        and $-CONTROL_STACK_SIZE, %rcx
        mov THREAD_domain(%rcx), %rcx
        mov DOMAIN_space(%rcx), %rsi
        mov DOMAIN_base(%rcx), %rdi
        add $SLOT_DOOR + paging_page_resume - paging_page, %rdi
        mov %r10, %rsp
        xor %r8d, %r8d
        xor %r9d, %r9d
        xor %r10d, %r10d
        TO_USER %rsi, %rdi
1:      mov %rdi, %rax
        mov %rsi, %rdx
        ret

        .section .rodata
        .globl paging_page, paging_page_end
paging_page: // the door
        mov %rcx, %r10
        syscall
paging_page_resume:
        ret
paging_page_enter:
        mov %r10, %rcx
        call *%rax
        mov %rax, %rdi
        mov %rdx, %rsi
        mov $DOOR_RETURN, %eax
        syscall
paging_page_end:

        .section .note.GNU-stack, "", @progbits
