// SPDX-License-Identifier: MIT
//
// Deadlines: a list of sleeping threads, soonest first. Short, since only threads that sleep with a limit are in it.
#include "kernel/sched/sched.h"

static struct thread *sleepers;

void timer_add(struct thread *thread, uint64_t deadline_ns) {
    struct thread **place = &sleepers;
    thread->deadline_ns = deadline_ns;
    while (*place && (*place)->deadline_ns <= deadline_ns)
        place = &(*place)->deadline_next;
    thread->deadline_next = *place;
    *place = thread;
}

void timer_remove(struct thread *thread) {
    if (!thread->deadline_ns)
        return;
    for (struct thread **place = &sleepers; *place; place = &(*place)->deadline_next)
        if (*place == thread) {
            *place = thread->deadline_next;
            break;
        }
    thread->deadline_ns = 0;
    thread->deadline_next = NULL;
}

void timer_expire(uint64_t now_ns) {
    while (sleepers && sleepers->deadline_ns <= now_ns)
        thread_wake(sleepers, BH_ETIMEDOUT);
}

uint64_t timer_next(const struct cpu *cpu) {
    const struct thread *thread = sleepers;
    while (thread && thread->cpu != cpu)
        thread = thread->deadline_next;
    return thread ? thread->deadline_ns : 0;
}
