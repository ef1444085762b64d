// SPDX-License-Identifier: MIT
//
// Run queues: who gets a thread that becomes ready, what a processor with nothing to do takes, and that nobody starves.
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
    cr_assert_eq(runqueue_take(&cpus[0], 0), &threads[0]);
    cr_assert_eq(runqueue_take(&cpus[0], 0), &threads[3]);
    cr_assert_eq(runqueue_take(&cpus[0], 0), &threads[2]);
    cr_assert_eq(runqueue_take(&cpus[0], 0), &threads[1]);
    cr_assert_null(runqueue_take(&cpus[0], 0));
    cr_assert(cpus[0].steals == 3 && !cpus[1].queued && !cpus[2].queued && !cpus[3].queued);
}

Test(runqueue, threads_of_one_priority_keep_their_order) {
    let_run((uint32_t[]){1, 1, 1, 1});
    for (uint32_t i = 0; i < 5; i++) {
        threads[i] = (struct thread){.id = i, .priority = 2};
        runqueue_push(&cpus[1], &threads[i]);
    }
    for (uint32_t i = 0; i < 5; i++)
        cr_assert_eq(runqueue_take(&cpus[i % 2], 0), &threads[i]);
}

// One processor, as thread.c drives it: a thread of priority 1 and one of priority 3 that always want to run. The better one, every time that it has run for
// `runs_ns', sleeps until the other one has run for `sleeps_ns', or, with 0, offers the processor and wants it back.
struct course {
    uint64_t runs_ns, sleeps_ns;
    uint64_t better_ns, worse_ns; // what they got
};

static void leave(struct cpu *cpu, uint64_t now, bool wants_more) {
    struct thread *thread = cpu->current;
    if (wants_more)
        runqueue_push(cpu, thread);
    cpu->current = runqueue_take(cpu, now);
    cpu->since_ns = now;
}

static void drive(struct course *course, uint64_t duration_ns) {
    struct cpu *cpu = &cpus[0];
    struct thread *better = &threads[0], *worse = &threads[1];
    uint64_t now = 1, end = now + duration_ns;
    threads[0] = (struct thread){.priority = 1};
    threads[1] = (struct thread){.priority = 3};
    cpu->current = better;
    cpu->since_ns = now;
    runqueue_push(cpu, worse);
    while (now < end) {
        bool favoured = cpu->favoured_until_ns > now;
        uint64_t passed = cpu->current == better ? course->runs_ns : favoured ? TICK_NS : course->sleeps_ns ? course->sleeps_ns : TICK_NS;
        *(cpu->current == better ? &course->better_ns : &course->worse_ns) += passed;
        now += passed;
        if (cpu->current == better && course->sleeps_ns) {
            leave(cpu, now, false);
            continue;
        }
        if (cpu->current == worse && !cpu->queued && course->sleeps_ns)
            runqueue_push(cpu, better); // it wakes
        if (runqueue_is_due(cpu, now))
            leave(cpu, now, true);
    }
}

static void expect_share(struct course *course) {
    drive(course, 1000 * STARVED_NS);
    uint64_t all = course->better_ns + course->worse_ns;
    cr_assert_leq(course->worse_ns * 5, all, "the better one gets %llu of %llu", (unsigned long long)course->better_ns, (unsigned long long)all);
    cr_assert_geq(course->worse_ns * 8, all, "the worse one gets %llu of %llu", (unsigned long long)course->worse_ns, (unsigned long long)all);
}

Test(runqueue, who_never_sleeps_leaves_a_share_to_others) {
    let_run((uint32_t[]){1, 1, 1, 1});
    expect_share(&(struct course){.runs_ns = TICK_NS});
}

Test(runqueue, who_offers_the_processor_all_the_time_does_too) {
    let_run((uint32_t[]){1, 1, 1, 1});
    expect_share(&(struct course){.runs_ns = 1000});
}

Test(runqueue, who_sleeps_for_moments_does_too) {
    let_run((uint32_t[]){1, 1, 1, 1});
    expect_share(&(struct course){.runs_ns = TICK_NS - 1000, .sleeps_ns = 1000});
}

Test(runqueue, who_leaves_others_enough_is_not_kept_waiting) {
    struct course course = {.runs_ns = TICK_NS / 2, .sleeps_ns = TICK_NS / 4};
    let_run((uint32_t[]){1, 1, 1, 1});
    drive(&course, 1000 * STARVED_NS);
    cr_assert_geq(course.worse_ns * 2 + TICK_NS, course.better_ns);
    cr_assert_leq(course.worse_ns * 2, course.better_ns + TICK_NS, "it was favoured");
}

Test(runqueue, the_one_that_starves_longest_comes_first_and_keeps_its_time_slice) {
    let_run((uint32_t[]){1, 1, 1, 1});
    struct cpu *cpu = &cpus[0];
    for (uint32_t priority = 2; priority < 4; priority++) {
        threads[priority] = (struct thread){.priority = priority};
        runqueue_push(cpu, &threads[priority]);
        cr_assert(!runqueue_is_due(cpu, priority - 1)); // seen to wait
    }
    cr_assert(!runqueue_is_due(cpu, STARVED_NS + 1));
    cr_assert(runqueue_is_due(cpu, STARVED_NS + 4));
    leave(cpu, STARVED_NS + 4, true);
    cr_assert_eq(cpu->current->priority, 2);
    cr_assert(!runqueue_is_due(cpu, STARVED_NS + 4 + TICK_NS - 1));
    cr_assert(runqueue_is_due(cpu, STARVED_NS + 4 + TICK_NS));
    leave(cpu, STARVED_NS + 4 + TICK_NS, true);
    cr_assert_eq(cpu->current->priority, 3);
    leave(cpu, STARVED_NS + 4 + 2 * TICK_NS, true);
    cr_assert_eq(cpu->current->priority, 1);
}
