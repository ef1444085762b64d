// SPDX-License-Identifier: MIT
//
// The watchdog counts ticks that find a thread in the same invocation of the same domain. A thread that sleeps, returns, calls another
// domain (the proxies clear watch_since_ns) or signals an event starts anew; one that only computes is reported when its domain's limit
// has passed. Ticks, not time of day: a thread is not blamed for the time that others had the processor.
#include "kernel/sched/sched.h"

#include "kernel/domain/domain.h"

watchdog_report *watchdog_overrun;

bool watchdog_tick(struct thread *thread) {
    struct domain *domain = thread->domain;
    uint64_t mark = (uint64_t)thread->top ^ domain->id;
    if (mark != thread->watch_mark) {
        thread->watch_mark = mark;
        thread->watch_since_ns = 0;
    }
    thread->watch_since_ns += TICK_NS;
    return domain->watchdog_ms && thread->watch_since_ns > domain->watchdog_ms * 1000000ull;
}
