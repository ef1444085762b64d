// SPDX-License-Identifier: MIT
//
// Inside the scheduler: run queues, sleepers, the watchdog. Everything here runs with interrupts disabled and the kernel's lock held.
#ifndef BH_SCHED_H
#define BH_SCHED_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/sched/thread.h"

#define TICK_NS 10000000ull      // time slice, and resolution of the watchdog
#define RETRY_NS 50000ull        // when a switch fell due inside the kernel or a proxy
#define STARVED_NS 50000000ull   // a queue that was passed over for so long gets a time slice, whatever its priority

// runqueue.c: first in, first out within a priority; lower number first, but for those who starve.
void runqueue_push(struct cpu *cpu, struct thread *thread); // one that just ran there
void runqueue_place(struct thread *thread);  // one that becomes ready: on a processor of its choice, which is told
struct thread *runqueue_take(struct cpu *cpu, uint64_t now_ns); // for `cpu`, from its own queues or another's; NULL: nobody is ready
bool runqueue_has(const struct cpu *cpu, uint32_t worst_priority); // anybody in its own at this priority or a better one?
bool runqueue_is_due(struct cpu *cpu, uint64_t now_ns); // at the end of a time slice: is it another's turn, of the same priority, or better, or starved?

// timer.c: threads with a deadline, soonest first. Each processor sees to those that went to sleep on it.
void timer_add(struct thread *thread, uint64_t deadline_ns);
void timer_remove(struct thread *thread);
void timer_expire(uint64_t now_ns); // wakes with BH_ETIMEDOUT
uint64_t timer_next(const struct cpu *cpu); // of those that went to sleep there; 0: none

// watchdog.c. Count the time since the last look; called when domain code is interrupted.
void watchdog_count(struct thread *thread, uint64_t now_ns);
// The same at a tick; true when the domain has overstayed its limit.
bool watchdog_tick(struct thread *thread, uint64_t now_ns);
// Told who overstays; set by the domain layer at start-up.
typedef void watchdog_report(struct thread *thread, struct trap_frame *frame);
extern watchdog_report *watchdog_overrun;

// thread.c
void sched_block(void);                     // current thread is not READY any more: switch away
void sched_preempt(struct trap_frame *frame); // from traps: give the processor to the next thread, if any
void sched_arm(void);                       // program the clock for the next tick or deadline
extern uint64_t sched_tick_ns;              // TICK_NS, or shorter while threads are sampled (trace.h)
bool sched_should_yield(void);              // somebody better is ready
bool sched_is_idle(void);                   // no thread runs (or none yet)
void sched_init(void);

#endif
