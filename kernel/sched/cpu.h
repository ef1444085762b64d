// SPDX-License-Identifier: MIT
//
// Processors, as the scheduler and the kernel's lock see them.
//
// One lock, the kernel's, is held by whoever runs kernel code, with interrupts disabled; domain code, proxies and guests run without it, and
// are then "outside". So what kernel code sees of another processor is one of three things: it waits for the lock, it is idle, or
// it is outside. cpus_stop() (platform.h) brings those that are outside in, each to a point where its thread could also have been preempted.
#ifndef BH_CPU_H
#define BH_CPU_H

#include <stdint.h>
#include "kernel/sched/thread.h"

struct cpu {
    // Offsets known to arch/x86_64.
    uint32_t outside;          // written by itself alone: it may touch slots, and takes interrupts soon
    uint32_t id;               // index in cpus[]
    uint64_t tlb_seen;         // written by itself alone: the generation of mappings from which on it holds no older one

    // Lock: the kernel's.
    struct thread *current;    // NULL until sched_init() or sched_join()
    struct trap_frame *frame;  // what it was interrupted in, while a trap handler waits for the lock or holds it; else NULL
    struct runqueue {
        struct thread *head, *tail;
        uint64_t passed_over_ns; // since when others run instead, but for what its threads ran meanwhile; 0: nobody waits in it, or not noticed yet
    } queues[THREAD_PRIORITIES];
    uint64_t favoured_until_ns; // `current' waited for too long: until then nobody better takes its place; 0: it is here by its priority
    uint32_t queued;           // threads in its queues
    uint64_t since_ns;         // when `current` began to run
    uint64_t ticked_ns;        // when the watchdog looked last
    uint64_t busy_ns;          // that threads ran before that
    uint64_t switches, steals;
    struct thread idle;
};
extern struct cpu cpus[CPU_COUNT_MAX];

static inline bool sched_idles(const struct cpu *cpu) {
    return !cpu->current || cpu->current == &cpu->idle;
}

#endif
