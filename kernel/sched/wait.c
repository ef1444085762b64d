// SPDX-License-Identifier: MIT
//
// Sleeping and waking. A waiting thread is in at most one event's list and at most once in the list of deadlines; waking
// takes it out of both.
#include "kernel/sched/sched.h"

#include <stddef.h>

#include "kernel/debug/trace.h"
#include "kernel/domain/domain.h"
#include "kernel/sched/cpu.h"

// Take it out of its event's list.
static void remove_waiter(struct thread *thread) {
    struct event *event = thread->waiting_for;
    if (!event)
        return;
    for (struct thread **place = &event->waiters; *place; place = &(*place)->next)
        if (*place == thread) {
            *place = thread->next;
            break;
        }
    thread->next = NULL;
    thread->waiting_for = NULL;
}

void thread_wake(struct thread *thread, enum bh_error result) {
    if (thread->state != THREAD_WAITING)
        return;
    remove_waiter(thread);
    timer_remove(thread);
    thread->wait_result = result;
    TRACE(WAKE, thread->domain->id, thread->id, thread->cpu ? thread->cpu->id : 0);
    runqueue_place(thread);
}

bool event_raise(struct event *event) {
    if (event->forward)
        event = event->forward;
    if (!event->waiters) {
        event->signalled = 1;
        return false;
    }
    thread_wake(event->waiters, BH_OK);
    return true;
}

void event_raise_outside(struct event *event) {
    static uint64_t signals;
    if (!event_raise(event) && !event->outside)
        event->outside = ++signals;
}

static enum bh_error wait(struct thread *thread, uint64_t deadline_ns) {
    static uint64_t waits;
    thread->wait_number = ++waits;
    thread->state = THREAD_WAITING;
    thread->wait_result = BH_OK;
    if (deadline_ns)
        timer_add(thread, deadline_ns);
    sched_block();
    return thread->wait_result;
}

enum bh_error event_wait(struct event *event, uint64_t deadline_ns) {
    struct thread *thread = thread_current();
    event->awaited = true;
    if (event->signalled) {
        event->signalled = 0;
        event->outside = 0;
        return BH_OK;
    }
    if (deadline_ns && deadline_ns <= clock_now_ns())
        return BH_ETIMEDOUT;
    // Behind those who wait already.
    struct thread **place = &event->waiters;
    while (*place)
        place = &(*place)->next;
    *place = thread;
    thread->next = NULL;
    thread->waiting_for = event;
    return wait(thread, deadline_ns);
}

enum bh_error thread_sleep(uint64_t until_ns) {
    struct thread *thread = thread_current();
    if (until_ns <= clock_now_ns()) {
        thread_yield();
        return BH_OK;
    }
    thread->waiting_for = NULL;
    enum bh_error result = wait(thread, until_ns);
    return result == BH_ETIMEDOUT ? BH_OK : result;
}
