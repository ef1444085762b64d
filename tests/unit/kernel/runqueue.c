// SPDX-License-Identifier: MIT
//
// Run queues: who gets a thread that becomes ready, and what a processor with nothing to do takes.
#include <criterion/criterion.h>
#include <stdlib.h>

#include "kernel/base.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"

#define CPUS 4

struct cpu cpus[CPU_COUNT_MAX];
static struct thread running[CPUS], threads[64];
static int poked[CPUS];

struct cpu *cpu_self(void) {
    return &cpus[0];
}

uint32_t cpu_count(void) {
    return CPUS;
}

void cpu_poke(uint32_t index) {
    poked[index]++;
}

void panic(const char *format, ...) {
    (void)format;
    cr_assert_fail("panic");
    abort();
}

// Each runs a thread of this priority; THREAD_PRIORITIES: idles.
static void let_run(const uint32_t priorities[CPUS]) {
    for (uint32_t i = 0; i < CPUS; i++) {
        cpus[i].id = i;
        cpus[i].idle.priority = THREAD_PRIORITIES - 1;
        running[i].priority = priorities[i];
        cpus[i].current = priorities[i] == THREAD_PRIORITIES ? &cpus[i].idle : &running[i];
    }
}

static struct thread *ready(uint32_t number, uint32_t priority, struct cpu *last) {
    threads[number] = (struct thread){.id = number, .priority = priority, .cpu = last};
    runqueue_place(&threads[number]);
    return &threads[number];
}

Test(runqueue, a_thread_goes_back_to_its_own_processor_when_that_idles) {
    let_run((uint32_t[]){1, 4, 4, 4});
    struct thread *thread = ready(0, 2, &cpus[2]);
    cr_assert_eq(cpus[2].queues[2].head, thread);
    cr_assert(poked[2] == 1 && !poked[1] && !poked[3]);
}

Test(runqueue, idle_processors_get_one_thread_each) {
    let_run((uint32_t[]){2, 4, 2, 4});
    ready(0, 2, &cpus[0]);
    ready(1, 2, &cpus[0]);
    cr_assert(cpus[1].queued == 1 && cpus[3].queued == 1 && poked[1] == 1 && poked[3] == 1);
}

Test(runqueue, without_an_idle_processor_the_least_important_thread_gives_way) {
    let_run((uint32_t[]){1, 1, 3, 2});
    ready(0, 1, &cpus[0]);
    cr_assert(cpus[2].queued == 1 && poked[2] == 1);
}

Test(runqueue, a_thread_that_displaces_nobody_waits_in_the_shortest_queue) {
    let_run((uint32_t[]){1, 1, 1, 1});
    for (uint32_t i = 0; i < 2 * CPUS; i++)
        ready(i, 2, &cpus[0]);
    for (uint32_t i = 0; i < CPUS; i++)
        cr_assert(cpus[i].queued == 2 && !poked[i], "processor %u: %u", i, cpus[i].queued);
}

Test(runqueue, own_threads_come_first_and_the_best_of_the_others_next) {
    let_run((uint32_t[]){1, 1, 1, 1});
    for (uint32_t i = 0; i < 4; i++)
        threads[i] = (struct thread){.id = i, .priority = 3 - i};
    runqueue_push(&cpus[0], &threads[0]);
    runqueue_push(&cpus[1], &threads[1]);
    runqueue_push(&cpus[2], &threads[2]);
    runqueue_push(&cpus[3], &threads[3]);
    cr_assert_eq(runqueue_take(&cpus[0]), &threads[0]);
    cr_assert_eq(runqueue_take(&cpus[0]), &threads[3]);
    cr_assert_eq(runqueue_take(&cpus[0]), &threads[2]);
    cr_assert_eq(runqueue_take(&cpus[0]), &threads[1]);
    cr_assert_null(runqueue_take(&cpus[0]));
    cr_assert(cpus[0].steals == 3 && !cpus[1].queued && !cpus[2].queued && !cpus[3].queued);
}

Test(runqueue, threads_of_one_priority_keep_their_order) {
    let_run((uint32_t[]){1, 1, 1, 1});
    for (uint32_t i = 0; i < 5; i++) {
        threads[i] = (struct thread){.id = i, .priority = 2};
        runqueue_push(&cpus[1], &threads[i]);
    }
    for (uint32_t i = 0; i < 5; i++)
        cr_assert_eq(runqueue_take(&cpus[i % 2]), &threads[i]);
}
