// SPDX-License-Identifier: MIT
//
// The process of a domain, where it may not use memory: its first thread, the keeper, which obeys the kernel's requests for ever, and the first steps of
// the threads that the domain's code runs on. The domain shares the address space, so everything here is in registers, in code, or in the request page,
// which only the kernel writes. The keeper is the only thread without the filter of system calls.
#include <asm/unistd.h>
#include "kernel/platform/hosted/process.h"

#define FUTEX_WAIT 0
#define CLONE_FLAGS 0x10f00 // VM, FS, FILES, SIGHAND, THREAD
#define PR_SET_SECCOMP 22
#define SECCOMP_MODE_FILTER 2

        .text
        .globl _start
_start:
        mov (%rsp), %rdi
        lea 8(%rsp), %rsi
        and $-16, %rsp
        call child_prepare
        mov $CHILD_REQUEST, %r12
        xor %r13d, %r13d // number of the last request
        xor %esp, %esp
done:
        mov $__NR_write, %eax
        mov $CHILD_DONE_FD, %edi
        lea one(%rip), %rsi
        mov $8, %edx
        syscall
wait:
        mov REQUEST_NUMBER(%r12), %eax
        cmp %eax, %r13d
        jne obey
        mov $__NR_futex, %eax
        mov %r12, %rdi
        mov $FUTEX_WAIT, %esi
        mov %r13d, %edx
        xor %r10d, %r10d
        syscall
        jmp wait
obey:
        mov %eax, %r13d
        mov REQUEST_VA(%r12), %rdi
        mov REQUEST_SIZE(%r12), %rsi
        mov REQUEST_PROTECTION(%r12), %rdx
        mov REQUEST_OPERATION(%r12), %ecx
        cmp $OPERATION_THREAD, %ecx
        je make_thread
        mov $__NR_mprotect, %eax
        cmp $OPERATION_PROTECT, %ecx
        je 1f
        mov $__NR_mmap, %eax
        mov REQUEST_FLAGS(%r12), %r10
        mov REQUEST_FILE(%r12), %r8
        mov REQUEST_OFFSET(%r12), %r9
1:      syscall
        cmp $-4096, %rax
        jb done
give_up:
        mov $__NR_exit_group, %eax
        mov $1, %edi
        syscall
make_thread:
        mov %rdi, %r14 // its mailbox
        mov %rsi, %r15 // where it begins
        mov $CLONE_FLAGS, %edi
        xor %esi, %esi
        xor %edx, %edx
        xor %r10d, %r10d
        xor %r8d, %r8d
        mov $__NR_clone, %eax
        syscall
        test %rax, %rax
        js give_up
        jnz wait // the thread says itself that it is done: it reads the request page, too
        // The new thread: a stack for signals, the base by which it finds its mailbox, the filter; then the domain's page.
        mov $__NR_sigaltstack, %eax
        lea REQUEST_SIGNAL_STACK(%r12), %rdi
        xor %esi, %esi
        syscall
        wrgsbase %r14
        mov $__NR_gettid, %eax
        syscall
        mov %rax, MAILBOX_VECTOR(%r14) // for the kernel's signals
        mov $__NR_write, %eax
        mov $CHILD_DONE_FD, %edi
        lea one(%rip), %rsi
        mov $8, %edx
        syscall
        mov $__NR_prctl, %eax
        mov $PR_SET_SECCOMP, %edi
        mov $SECCOMP_MODE_FILTER, %esi
        lea child_filter(%rip), %rdx
        xor %r10d, %r10d
        xor %r8d, %r8d
        syscall
        test %rax, %rax
        jnz give_up
        mov %r15, %rax
        xor %r12d, %r12d
        xor %r13d, %r13d
        xor %r14d, %r14d
        xor %r15d, %r15d
        jmp *%rax

        .globl child_restorer
child_restorer: // no handler returns
        ud2

        .section .rodata
        .balign 8
one:    .quad 1

        .section .note.GNU-stack, "", @progbits
