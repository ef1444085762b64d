// SPDX-License-Identifier: MIT
//
// Thread objects and switching. A thread is in one of three places: running on one processor, in a run queue, or waiting. It leaves the processor
// either by its own call (registers on its control stack) or because a trap interrupted domain code (registers in `frame`).
// Kernel code is never preempted; each processor's idle loop runs on the stack on which it was started.
#include "kernel/sched/thread.h"

#include <string.h>

#include "kernel/arch/x86_64/regs.h"
#include "kernel/arch/x86_64/switch.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/mm/stacks.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"

#define FAR_NS 3600000000000ull // the clock is armed for an hour at most

static struct thread *threads[THREAD_COUNT];
static struct thread *ended;            // its stack is freed by whoever runs next
static uint32_t live_count;
static uint32_t servants;
static bool inhabited;                  // there was a thread once
uint64_t sched_tick_ns = TICK_NS;

struct thread *sched_current(void) {
    return cpu_self()->current;
}

bool sched_is_idle(void) {
    return sched_idles(cpu_self());
}

uint32_t thread_count(void) {
    return live_count - servants;
}

uint64_t threads_calls(const struct domain *domain) {
    uint64_t calls = domain->call_count;
    for (uint32_t id = 0; id < THREAD_COUNT; id++)
        calls += threads[id] ? threads[id]->calls[domain->id] : 0;
    return calls;
}

void sched_arm(void) {
    uint64_t now = clock_now_ns();
    uint64_t when = timer_next(cpu_self());
    if (when > now + FAR_NS)
        when = now + FAR_NS; // clocks have smaller numbers
    if (!sched_is_idle() && (!when || when > now + sched_tick_ns))
        when = now + sched_tick_ns;
    if (when)
        clock_arm(when);
}

void threads_free_ended(void) {
    if (!ended)
        return;
    struct thread *thread = ended;
    ended = NULL;
    uint32_t id = thread->id;
    for (uint32_t slot = 1; slot < BH_SLOT_COUNT; slot++)
        if (domain_get(slot))
            domain_get(slot)->call_count += thread->calls[slot];
    stacks_return_thread(thread);
    threads[id] = NULL;
    live_count--;
    stacks_control_destroy(id);
}

static void trace_switch(const struct cpu *cpu, const struct thread *next) {
    const struct thread *previous = cpu->current;
    TRACE(SWITCH, previous->domain->id, next == &cpu->idle ? BH_TRACE_NO_THREAD : next->id, previous->state | next->domain->id << 8);
    if (next->cpu && next->cpu != cpu)
        TRACE(MIGRATE, next->domain->id, next->id, next->cpu->id);
}

// What runs next becomes `current`; the caller then resumes it.
static struct thread *take_next(struct cpu *cpu) {
    uint64_t now = clock_now_ns();
    struct thread *next = runqueue_take(cpu, now);
    if (cpu->current != &cpu->idle)
        cpu->busy_ns += now - cpu->since_ns;
    cpu->since_ns = now;
    if (!next)
        next = &cpu->idle;
    cpu->switches += next != cpu->current;
    if (__builtin_expect(trace_classes & BH_TRACE_SCHEDULING, 0) && next != cpu->current)
        trace_switch(cpu, next);
    next->state = THREAD_RUNNING;
    next->cpu = cpu;
    cpu->current = next;
    return next;
}

// Comes back when `previous` is resumed, perhaps on another processor.
static void switch_from(struct thread *previous) {
    struct cpu *cpu = cpu_self();
    struct thread *next = take_next(cpu);
    previous->bases[0] = rdgsbase();
    sched_arm();
    if (next == previous)
        return;
    if (next->preempted) {
        next->preempted = false;
        irq_before_resume();
        switch_to_frame(&previous->switch_rsp, trap_resumable(&next->frame), cpu);
    } else {
        wrgsbase(next->bases[0]);
        wrfsbase(next->bases[1]);
        switch_stacks(&previous->switch_rsp, next->switch_rsp);
    }
    threads_free_ended();
}

void sched_block(void) {
    struct thread *thread = sched_current();
    thread->watch_mark = 0;
    thread->watch_since_ns = 0;
    switch_from(thread);
}

void thread_yield(void) {
    cpu_self()->favoured_until_ns = 0;
    thread_yield_if_due();
}

void thread_yield_if_due(void) {
    struct cpu *cpu = cpu_self();
    struct thread *thread = cpu->current;
    if (!runqueue_is_due(cpu, clock_now_ns()))
        return;
    thread->watch_mark = 0;
    runqueue_push(cpu, thread);
    switch_from(thread);
}

bool sched_should_yield(void) {
    const struct cpu *cpu = cpu_self();
    return cpu->current->priority > 0 && runqueue_has(cpu, cpu->current->priority - 1) &&
           (!cpu->favoured_until_ns || clock_now_ns() >= cpu->favoured_until_ns);
}

// Make the trap resume `next`, as the current thread.
static void resume_in_frame(struct trap_frame *frame, struct thread *next) {
    if (next->preempted) {
        uint8_t *fpu = frame->fpu;
        next->preempted = false;
        *frame = next->frame;
        frame->fpu = fpu;
        memcpy(fpu, next->fpu, sizeof(next->fpu));
        return;
    }
    trap_into_kernel(frame, next->bases);
    frame->rip = (uint64_t)switch_landing;
    frame->rsp = next->switch_rsp;
    frame->rflags = RFLAGS_FIXED;
}

bool trap_keeps_lock(const struct trap_frame *frame) {
    return frame->rip == (uint64_t)switch_landing;
}

void sched_preempt(struct trap_frame *frame) {
    struct cpu *cpu = cpu_self();
    struct thread *thread = cpu->current;
    uint64_t now = clock_now_ns();
    if (thread == &cpu->idle || !runqueue_is_due(cpu, now))
        return;
    watchdog_count(thread, now); // it may come back before its next tick, and again
    thread->frame = *frame;
    thread->frame.fpu = thread->fpu;
    memcpy(thread->fpu, frame->fpu, sizeof(thread->fpu));
    thread->preempted = true;
    runqueue_push(cpu, thread);
    resume_in_frame(frame, take_next(cpu));
}

static void domain_thread(void *argument) {
    struct thread *thread = thread_current();
    uint64_t entry = thread->frame.rip;
    if (thread->home->generation != thread->home_generation)
        return; // its instance died before it ran
    (void)invoke_entry(thread->home, entry, (uint64_t)argument);
}

static struct thread *place_thread(uint32_t id, struct thread *block, const char *name, struct domain *home) {
    block->id = id;
    block->home = home;
    block->home_generation = home->generation;
    block->domain = &kernel_domain;
    block->bases[1] = platform_host_fs_base;
    copy_name(block->name, sizeof(block->name), name);
    threads[id] = block;
    home->threads_used++;
    live_count++;
    inhabited = true;
    return block;
}

enum bh_error thread_create(const char *name, struct domain *home, uint64_t entry, uint64_t argument,
                            uint32_t priority, struct thread **out) {
    struct thread *block;
    uint64_t top;
    uint32_t id = 0;
    if (priority >= THREAD_PRIORITIES)
        return refuse(BH_ERANGE, "thread %s: priority %u is not below %d", name, priority, THREAD_PRIORITIES);
    if (home != &kernel_domain && home->threads_used >= THREADS_PER_DOMAIN)
        return refuse(BH_EQUOTA, "thread %s: %s has %d threads already, the limit", name, home->name, THREADS_PER_DOMAIN);
    threads_free_ended(); // its place may be the one that is needed
    while (id < THREAD_COUNT && threads[id])
        id++;
    if (id == THREAD_COUNT)
        return refuse(BH_ENOSPC, "thread %s: all %d threads are in use", name, THREAD_COUNT);
    enum bh_error error = stacks_control_create(id, &block, &top);
    if (error)
        return refuse(error, "thread %s: no memory for its control stack", name);
    struct thread *thread = place_thread(id, block, name, home);
    thread->priority = priority;
    thread->frame.rip = entry; // for domain_thread
    // What switch_landing pops: r15, r14, r13, r12, rbp, rbx, return address.
    uint64_t *stack = (uint64_t *)top - 9; // leaves the stack aligned for switch_new_thread
    memset(stack, 0, 9 * sizeof(*stack));
    stack[3] = argument;
    stack[5] = home == &kernel_domain ? entry : (uint64_t)domain_thread;
    stack[6] = (uint64_t)switch_new_thread;
    thread->switch_rsp = (uint64_t)stack;
    if (out)
        *out = thread;
    TRACE(THREAD_START, home->id, id, 0);
    runqueue_place(thread);
    return BH_OK;
}

enum bh_error thread_create_servant(const char *name, void (*entry)(void *), uint32_t priority) {
    enum bh_error error = thread_create(name, &kernel_domain, (uint64_t)entry, 0, priority, NULL);
    servants += error == BH_OK;
    return error;
}

[[noreturn]] void thread_end(void) {
    struct thread *thread = thread_current();
    thread->state = THREAD_ENDED;
    TRACE(THREAD_END, thread->home->id, 0, 0);
    if (thread->home->generation == thread->home_generation)
        thread->home->threads_used--;
    threads_free_ended(); // a new thread may run first after another has ended, and does not pass switch_from()
    ended = thread;
    switch_from(thread);
    panic("an ended thread (%s) ran again", thread->name);
}

void thread_each(void (*visit)(struct thread *thread, void *context), void *context) {
    for (uint32_t id = 0; id < THREAD_COUNT; id++)
        if (threads[id] && threads[id]->state != THREAD_ENDED)
            visit(threads[id], context);
}

void sched_init(void) {
    struct cpu *cpu = cpu_self();
    cpu->idle = (struct thread){.name = "idle", .priority = THREAD_PRIORITIES - 1, .domain = &kernel_domain, .home = &kernel_domain,
                                .state = THREAD_RUNNING, .bases = {rdgsbase(), rdfsbase()}, .cpu = cpu};
    cpu->since_ns = clock_now_ns();
    cpu->current = &cpu->idle;
}

// Without a thread nothing can happen any more: interrupts only wake threads, and only threads make others.
static void end_if_deserted(void) {
    uint32_t dead = 0;
    if (thread_count() || !inhabited)
        return;
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++)
        dead += domain_get(id) && domain_get(id)->state == DOMAIN_DEAD;
    log_write(BH_LOG_INFO, "kernel", "no thread is left, %u domains crashed: power off, status %u", dead, dead ? 1 : 0);
    power_off(dead ? 1 : 0);
}

void sched_start(void) {
    struct cpu *cpu = cpu_self();
    for (;;) {
        switch_from(&cpu->idle);
        threads_free_ended();
        end_if_deserted();
        sched_arm();
        kernel_unlock();
        power_idle();
        kernel_lock();
        timer_expire(clock_now_ns());
    }
}

void sched_join(void) {
    sched_init();
    sched_start();
}
