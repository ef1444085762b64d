// SPDX-License-Identifier: MIT
//
// What the clock and devices cause. Threads are switched here only when the interrupted code is a domain's; when the kernel or
// a proxy was interrupted (interrupts are enabled in proxies), the switch is retried a little later.
#include "kernel/debug/trace.h"
#include "kernel/domain/invoke.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"

bool trap_in_proxy(const struct trap_frame *frame) {
    return invoke_in_proxy(frame->rip);
}

bool trap_settle(struct trap_frame *frame) {
    struct thread *thread = sched_current();
    return thread && invoke_settle(thread, frame);
}

void trap_timer(struct trap_frame *frame) {
    uint64_t now = clock_now_ns();
    struct thread *thread = sched_current();
    TRACE(INTERRUPT, 0, 0, 0);
    if (__builtin_expect(trace_classes & TRACE_CLOCK, 0) && !sched_is_idle())
        trace_clock(thread, frame, sched_tick_ns);
    timer_expire(now);
    if (!trap_in_domain(frame)) {
        if (!sched_is_idle()) // the idle loop looks for itself
            clock_arm(now + (runqueue_is_due(thread->cpu, now) ? RETRY_NS : sched_tick_ns));
        return;
    }
    if (watchdog_tick(thread, now) && watchdog_overrun)
        watchdog_overrun(thread, frame);
    sched_preempt(frame);
    sched_arm();
}

void trap_device(struct trap_frame *frame) {
    struct thread *thread = sched_current();
    if (!trap_in_domain(frame)) {
        uint64_t now = clock_now_ns();
        if (!sched_is_idle() && runqueue_is_due(thread->cpu, now))
            clock_arm(now + RETRY_NS);
        return;
    }
    if (thread && sched_should_yield()) {
        sched_preempt(frame);
        sched_arm();
    }
}
