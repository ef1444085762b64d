// SPDX-License-Identifier: MIT
//
// The watchdog adds up processor time between ticks that find a thread in the same invocation of the same domain. A thread that sleeps, returns, calls another
// domain (the proxies clear watch_since_ns) or signals an event starts anew; one that only computes is reported when its domain's limit
// has passed. It is not blamed for the time that others had the processor, nor for more than a tick's worth when the machine itself was held up.
#include "kernel/sched/sched.h"

#include "kernel/domain/domain.h"
#include "kernel/sched/cpu.h"

watchdog_report *watchdog_overrun;

void watchdog_count(struct thread *thread, uint64_t now_ns) {
    struct cpu *cpu = thread->cpu;
    uint64_t last = cpu->ticked_ns > cpu->since_ns ? cpu->ticked_ns : cpu->since_ns;
    uint64_t passed = now_ns - last;
    cpu->ticked_ns = now_ns;
    uint64_t mark = (uint64_t)thread->top ^ thread->domain->id;
    if (mark != thread->watch_mark) {
        thread->watch_mark = mark;
        thread->watch_since_ns = 0;
    }
    thread->watch_since_ns += passed < TICK_NS ? passed : TICK_NS;
}

bool watchdog_tick(struct thread *thread, uint64_t now_ns) {
    const struct domain *domain = thread->domain;
    watchdog_count(thread, now_ns);
    return domain->watchdog_ms && thread->watch_since_ns > domain->watchdog_ms * 1000000ull;
}
