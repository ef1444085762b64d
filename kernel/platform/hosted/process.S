// SPDX-License-Identifier: MIT
//
// Isolation "process", the kernel's side: a call is handed over by the mailbox of thread and domain, and the thread waits, with interrupts enabled and in
// a section of its own, which counts as the domain's code: it is preempted, watched and unwound there. And the page of the domain's side, which
// the child has at BH_SLOT_DOOR. %r12 is the mailbox throughout; in the child, it is the base of %gs.
#include "mechanism.inc"
#include "kernel/platform/hosted/process.h"

#define DOOR_KEEPS 48 // bytes of the domain's registers below its stack, while it waits for the end of a call
#define SYS_FUTEX 202
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

        .macro FUTEX address, operation, value
        lea \address, %rdi
        mov $\operation, %esi
        mov $\value, %edx
        xor %r10d, %r10d
        mov $SYS_FUTEX, %eax
        syscall
        .endm

        .section text_proxy, "ax", @progbits

ADAPTERS process
        CALLEE_STACK
        mov THREAD_id(%r10), %r12d
        shl $MAILBOX_SHIFT, %r12
        add DOMAIN_space(%r11), %r12
        mov %rax, MAILBOX_FUNCTION(%r12)
        mov %rbp, MAILBOX_STACK(%r12)
        mov %rdi, MAILBOX_WORDS(%r12)
        mov %rsi, MAILBOX_WORDS + 8(%r12)
        mov %rdx, MAILBOX_WORDS + 16(%r12)
        mov %rcx, MAILBOX_WORDS + 24(%r12)
        mov %r8, MAILBOX_WORDS + 32(%r12)
        mov %r9, MAILBOX_WORDS + 40(%r12)
        movl $KIND_ENTER, MAILBOX_KIND(%r12)
hand_over:
        movl $1, MAILBOX_TURN(%r12)
        FUTEX MAILBOX_TURN(%r12), FUTEX_WAKE, 1
        jmp process_wait
taken_over:
        cld
        mov %rsp, %r11
        and $-CONTROL_STACK_SIZE, %r11
        mov MAILBOX_KIND(%r12), %eax
        mov MAILBOX_WORDS(%r12), %rdi
        mov MAILBOX_WORDS + 8(%r12), %rsi
        mov MAILBOX_WORDS + 16(%r12), %rdx
        mov MAILBOX_WORDS + 24(%r12), %rcx
        mov MAILBOX_WORDS + 32(%r12), %r8
        mov MAILBOX_WORDS + 40(%r12), %r9
        mov MAILBOX_STACK(%r12), %r10
        mov MAILBOX_FRAME(%r12), %rbp
        cmp $DOOR_RETURN, %eax
        je 1f
        CALL_OUT DOOR_KEEPS
        mov %rax, MAILBOX_WORDS(%r12)
        mov %rdx, MAILBOX_WORDS + 8(%r12)
        mov %r10, MAILBOX_STACK(%r12)
        movl $KIND_RESUME, MAILBOX_KIND(%r12)
        jmp hand_over
1:      mov %rdi, %rax
        mov %rsi, %rdx
        ret

// As long as it is the domain's turn. A fault of the domain's becomes one of this thread.
        .section text_wait, "ax", @progbits
FUNCTION process_wait
        FUTEX MAILBOX_TURN(%r12), FUTEX_WAIT, 1
        cmpl $1, MAILBOX_TURN(%r12)
        je process_wait
        cmpl $DOOR_FAULT, MAILBOX_KIND(%r12)
        jne taken_over
        .globl process_fault_point
process_fault_point:
        ud2

        .section .rodata
        .globl process_page, process_page_wait, process_page_end
        .balign 16
process_page: // the door
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        mov %eax, %gs:MAILBOX_KIND
        mov %rdi, %gs:MAILBOX_WORDS
        mov %rsi, %gs:MAILBOX_WORDS + 8
        mov %rdx, %gs:MAILBOX_WORDS + 16
        mov %rcx, %gs:MAILBOX_WORDS + 24
        mov %r8, %gs:MAILBOX_WORDS + 32
        mov %r9, %gs:MAILBOX_WORDS + 40
        lea DOOR_KEEPS(%rsp), %rax
        mov %rax, %gs:MAILBOX_STACK
        mov %rbp, %gs:MAILBOX_FRAME
        movl $0, %gs:MAILBOX_TURN
        rdgsbase %rbx
        FUTEX MAILBOX_TURN(%rbx), FUTEX_WAKE, 1
        jmp 2f
process_page_wait:
        rdgsbase %rbx
2:      cmpl $1, %gs:MAILBOX_TURN
        je 3f
        FUTEX MAILBOX_TURN(%rbx), FUTEX_WAIT, 0
        jmp 2b
3:      mov %gs:MAILBOX_STACK, %rsp
        cmpl $KIND_ENTER, %gs:MAILBOX_KIND
        je 4f
        mov %gs:MAILBOX_WORDS, %rax
        mov %gs:MAILBOX_WORDS + 8, %rdx
        sub $DOOR_KEEPS, %rsp
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        ret
4:      mov %gs:MAILBOX_WORDS, %rdi
        mov %gs:MAILBOX_WORDS + 8, %rsi
        mov %gs:MAILBOX_WORDS + 16, %rdx
        mov %gs:MAILBOX_WORDS + 24, %rcx
        mov %gs:MAILBOX_WORDS + 32, %r8
        mov %gs:MAILBOX_WORDS + 40, %r9
        xor %ebp, %ebp
        call *%gs:MAILBOX_FUNCTION
        mov %rax, %rdi
        mov %rdx, %rsi
        mov $DOOR_RETURN, %eax
        sub $8, %rsp // as after a call
        jmp process_page
process_page_end:

        .globl process_child, process_child_end
        .balign 16
process_child: // the program of a domain's process
        .incbin "child.elf"
process_child_end:

        .section .note.GNU-stack, "", @progbits
