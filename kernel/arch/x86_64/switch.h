// SPDX-License-Identifier: MIT
//
// Changing threads: in assembly because stacks and all registers change. Interrupts disabled throughout; the kernel's lock goes
// from the thread that leaves to the one that comes.
#ifndef BH_SWITCH_H
#define BH_SWITCH_H

#include <stdint.h>
#include "kernel/platform/platform.h"

// Save callee-saved registers and %rsp (to *save_rsp), then go on where `rsp` was saved.
void switch_stacks(uint64_t *save_rsp, uint64_t rsp);
// The same, then go on with a preempted thread's registers and FPU state, without the kernel's lock.
void switch_to_frame(uint64_t *save_rsp, struct trap_frame *frame, struct cpu *self);
// What an address of resumption looks like in a trap frame: jump here with %rsp = a saved one.
void switch_landing(void);
// Call a function with the stack pointer at `top`; thread_current() does not work in there.
uint64_t call_on_stack(void *top, uint64_t (*function)(void *argument), void *argument);
// First landing of a new thread: calls *%rbx(%r12), then thread_end().
void switch_new_thread(void);

#endif
