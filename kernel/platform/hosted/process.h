// SPDX-License-Identifier: MIT
//
// Isolation "process": what the kernel's process (process.c, process.S) and the process of a domain (child/) share. Also for assembly.
//
//   CHILD_REQUEST    one page, read-only in the child: what its keeper is to do next (map, unmap, protect, make a thread)
//   CHILD_MAILBOXES  one mailbox for each thread of the system: whose turn it is, and the registers that go over with it
//   CHILD_STACKS     only in the child: where each of its threads handles signals
//
// Trust: the domain can write its mailboxes at any time; what the kernel takes from there is what the domain's call says, no more. It cannot write
// the request, nor the code that obeys it, which keeps nothing in memory.
#ifndef BH_HOSTED_PROCESS_H
#define BH_HOSTED_PROCESS_H

#define CHILD_REQUEST 0x1e0000000000
#define CHILD_MAILBOXES 0x1e0000001000
#define CHILD_STACKS 0x1e0010000000
#define CHILD_STACK_SIZE 0x8000
#define CHILD_MEMORY_FD 3 // the memory file
#define CHILD_SHARED_FD 4 // request and mailboxes
#define CHILD_DONE_FD 5   // an eventfd: the keeper has done what it was told
#define MAILBOX_SHIFT 8
#define MAILBOX_COUNT 128 // THREAD_COUNT

// A mailbox. The first words as the kernel gives them: kind ENTER (call `function' on the stack `stack') or RESUME (its call is done). As the domain gives
// them: the number of the entry that it calls, or DOOR_RETURN, or DOOR_FAULT.
#define MAILBOX_TURN 0 // u32: 1 the domain's
#define MAILBOX_KIND 4 // u32
#define MAILBOX_FUNCTION 8
#define MAILBOX_STACK 16
#define MAILBOX_FRAME 24 // the domain's %rbp, for backtraces
#define MAILBOX_WORDS 32 // %rdi %rsi %rdx %rcx %r8 %r9; or %rax %rdx
#define MAILBOX_STOPPED 80 // u32: registers below are those at a signal
#define MAILBOX_VECTOR 88
#define MAILBOX_ERROR 96
#define MAILBOX_ADDRESS 104
#define MAILBOX_RIP 112
#define MAILBOX_RSP 120
#define MAILBOX_RBP 128
#define KIND_ENTER 0
#define KIND_RESUME 1
#define DOOR_RETURN 0xffffffff
#define DOOR_FAULT 0xfffffffe

// The request.
#define REQUEST_NUMBER 0 // u32: counts them
#define REQUEST_OPERATION 4 // u32
#define REQUEST_VA 8
#define REQUEST_SIZE 16
#define REQUEST_PROTECTION 24
#define REQUEST_FLAGS 32
#define REQUEST_FILE 40
#define REQUEST_OFFSET 48
#define REQUEST_SIGNAL_STACK 56 // a stack_t, of a thread that is to be made
#define OPERATION_MAP 0
#define OPERATION_PROTECT 1
#define OPERATION_THREAD 2 // VA: its mailbox; SIZE: where it begins

#endif
