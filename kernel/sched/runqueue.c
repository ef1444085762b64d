// SPDX-License-Identifier: MIT
//
// Run queues: one list for each priority. A thread in a queue is READY and in no other list.
#include "kernel/sched/sched.h"

#include "kernel/base.h"

static struct {
    struct thread *head, *tail;
} queues[THREAD_PRIORITIES];

void runqueue_push(struct thread *thread) {
    BH_ASSERT(thread->priority < THREAD_PRIORITIES);
    thread->state = THREAD_READY;
    thread->next = NULL;
    if (queues[thread->priority].tail)
        queues[thread->priority].tail->next = thread;
    else
        queues[thread->priority].head = thread;
    queues[thread->priority].tail = thread;
}

struct thread *runqueue_pop(void) {
    for (int priority = 0; priority < THREAD_PRIORITIES; priority++) {
        struct thread *thread = queues[priority].head;
        if (!thread)
            continue;
        queues[priority].head = thread->next;
        if (!thread->next)
            queues[priority].tail = NULL;
        thread->next = NULL;
        return thread;
    }
    return NULL;
}

bool runqueue_has(uint32_t worst_priority) {
    for (uint32_t priority = 0; priority <= worst_priority && priority < THREAD_PRIORITIES; priority++)
        if (queues[priority].head)
            return true;
    return false;
}
