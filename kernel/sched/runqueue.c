// SPDX-License-Identifier: MIT
//
// Run queues: for each processor one list for each priority. A thread in a queue is READY and in no other list. A thread that becomes
// ready goes where it ran last, or to an idle processor, or to the one whose thread matters least, or whose queue
// is shortest; a processor with nothing in its own
// queues takes from the others'. So no processor idles while a thread waits for one.
//
// A better priority does not hold for ever: a queue that was passed over for STARVED_NS gets a time slice in which nobody better takes the processor away.
// So a domain that always has something to do, such as a driver that calls the kernel in a circle, slows the others down and cannot stop them. A crumb
// does not make up for a meal: what a queue's threads run counts STARVED_NS / TICK_NS times against what it waited. Lock: the kernel's.
#include "kernel/base.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"

void runqueue_push(struct cpu *cpu, struct thread *thread) {
    BH_ASSERT(thread->priority < THREAD_PRIORITIES);
    thread->state = THREAD_READY;
    thread->next = NULL;
    if (cpu->queues[thread->priority].tail)
        cpu->queues[thread->priority].tail->next = thread;
    else
        cpu->queues[thread->priority].head = thread;
    cpu->queues[thread->priority].tail = thread;
    cpu->queued++;
}

static struct thread *pop(struct cpu *cpu, uint32_t priority) {
    struct thread *thread = cpu->queues[priority].head;
    if (!thread)
        return NULL;
    cpu->queues[priority].head = thread->next;
    if (!thread->next)
        cpu->queues[priority].tail = NULL;
    thread->next = NULL;
    cpu->queued--;
    return thread;
}

static struct thread *steal(struct cpu *thief) {
    for (uint32_t priority = 0; priority < THREAD_PRIORITIES; priority++)
        for (uint32_t i = 1; i < cpu_count(); i++) {
            struct thread *thread = pop(&cpus[(thief->id + i) % cpu_count()], priority);
            if (thread) {
                thief->steals++;
                return thread;
            }
        }
    return NULL;
}

// `current' leaves the processor: its queue had that.
static void count_turn(struct cpu *cpu, uint64_t now_ns) {
    struct runqueue *queue = &cpu->queues[cpu->current->priority];
    if (cpu->current == &cpu->idle || !queue->passed_over_ns)
        return;
    queue->passed_over_ns += (now_ns - cpu->since_ns) * (STARVED_NS / TICK_NS);
    if (queue->passed_over_ns > now_ns)
        queue->passed_over_ns = now_ns;
}

// Note that somebody waits in a queue, or that nobody does: not even one who runs and will be back.
static void look_at(const struct cpu *cpu, struct runqueue *queue, uint64_t now_ns) {
    if (!queue->head && (cpu->current == &cpu->idle || queue != &cpu->queues[cpu->current->priority]))
        queue->passed_over_ns = 0;
    if (queue->head && !queue->passed_over_ns)
        queue->passed_over_ns = now_ns;
}

// The priority of the queue that was passed over for longest, and for too long; THREAD_PRIORITIES: none was.
static uint32_t find_starved(struct cpu *cpu, uint64_t now_ns) {
    uint32_t found = THREAD_PRIORITIES;
    uint64_t longest = STARVED_NS;
    for (uint32_t priority = 0; priority < THREAD_PRIORITIES; priority++) {
        struct runqueue *queue = &cpu->queues[priority];
        look_at(cpu, queue, now_ns);
        if (!queue->head || now_ns - queue->passed_over_ns <= longest)
            continue;
        found = priority;
        longest = now_ns - queue->passed_over_ns;
    }
    return found;
}

struct thread *runqueue_take(struct cpu *cpu, uint64_t now_ns) {
    count_turn(cpu, now_ns);
    uint32_t starved = find_starved(cpu, now_ns);
    cpu->favoured_until_ns = starved < THREAD_PRIORITIES ? now_ns + TICK_NS : 0;
    if (starved < THREAD_PRIORITIES)
        return pop(cpu, starved);
    for (uint32_t priority = 0; priority < THREAD_PRIORITIES; priority++) {
        struct thread *thread = pop(cpu, priority);
        if (thread)
            return thread;
    }
    return steal(cpu);
}

bool runqueue_has(const struct cpu *cpu, uint32_t worst_priority) {
    for (uint32_t priority = 0; priority <= worst_priority && priority < THREAD_PRIORITIES; priority++)
        if (cpu->queues[priority].head)
            return true;
    return false;
}

bool runqueue_is_due(struct cpu *cpu, uint64_t now_ns) {
    if (now_ns < cpu->favoured_until_ns)
        return false;
    return runqueue_has(cpu, cpu->current->priority) || find_starved(cpu, now_ns) < THREAD_PRIORITIES;
}

static bool is_idle(const struct cpu *cpu) {
    return cpu->current == &cpu->idle && !cpu->queued;
}

// Would `thread` be better off on `one` than on `other`? Neither is idle: one that runs what matters less, else one with a shorter queue.
static bool is_better(const struct cpu *one, const struct cpu *other, const struct thread *thread) {
    uint32_t priority = one->current->priority;
    if (priority != other->current->priority && (priority > thread->priority || other->current->priority > thread->priority))
        return priority > other->current->priority;
    return one->queued < other->queued;
}

static struct cpu *choose(const struct thread *thread) {
    struct cpu *best = thread->cpu ? thread->cpu : cpu_self();
    if (is_idle(best))
        return best;
    for (struct cpu *cpu = cpus; cpu < cpus + cpu_count(); cpu++) {
        if (is_idle(cpu))
            return cpu;
        if (cpu->current && is_better(cpu, best, thread))
            best = cpu;
    }
    return best;
}

void runqueue_place(struct thread *thread) {
    struct cpu *cpu = choose(thread);
    bool idle = is_idle(cpu);
    runqueue_push(cpu, thread);
    if (cpu != cpu_self() && (idle || cpu->current->priority > thread->priority))
        cpu_poke(cpu->id);
}
