// SPDX-License-Identifier: MIT
//
// The watchdog's account of processor time: what a thread computes in one invocation, and nothing that others did meanwhile.
#include "kernel/sched/sched.h"

#include <criterion/criterion.h>

#include "kernel/domain/domain.h"
#include "kernel/sched/cpu.h"

#define LIMIT_MS 100
#define MS 1000000ull

static struct cpu cpu;
static struct domain domain = {.id = 3, .watchdog_ms = LIMIT_MS}, other = {.id = 4};
static struct thread thread = {.domain = &domain, .cpu = &cpu, .top = (struct invocation *)0x1000};
static uint64_t now = MS;

static void resume(void) {
    cpu.since_ns = now;
}

static bool tick_after(uint64_t passed_ns) {
    now += passed_ns;
    return watchdog_tick(&thread, now);
}

// Until it is reported; for how long it ran.
static uint64_t run_with_ticks_of(uint64_t tick_ns) {
    uint64_t began = now;
    resume();
    while (!tick_after(tick_ns))
        cr_assert_lt(now - began, 10 * LIMIT_MS * MS, "never reported");
    return now - began;
}

Test(watchdog, reports_who_computes_for_longer_than_its_limit) {
    cr_assert_eq(run_with_ticks_of(TICK_NS), LIMIT_MS * MS + TICK_NS);
}

Test(watchdog, ticks_may_come_often) {
    cr_assert_eq(run_with_ticks_of(MS), LIMIT_MS * MS + MS);
}

Test(watchdog, who_has_no_limit_is_not_reported) {
    thread.domain = &other;
    resume();
    for (int i = 0; i < 1000; i++)
        cr_assert(!tick_after(TICK_NS));
}

Test(watchdog, another_invocation_begins_anew) {
    resume();
    for (int i = 0; i < 1000; i++) {
        if (i % 9 == 0)
            thread.top = (struct invocation *)(0x1000 + 64ull * (uint64_t)i);
        cr_assert(!tick_after(TICK_NS), "at tick %d", i);
    }
}

Test(watchdog, a_machine_that_is_held_up_counts_as_one_tick) {
    resume();
    cr_assert(!tick_after(3600000 * MS));
    cr_assert_eq(thread.watch_since_ns, TICK_NS);
}

// Others run for 7 ms after each 3 ms of it, and the tick is never its own.
Test(watchdog, who_loses_the_processor_before_each_tick_is_reported_too) {
    uint64_t ran = 0;
    bool reported = false;
    while (!reported) {
        resume();
        now += 3 * MS;
        ran += 3 * MS;
        watchdog_count(&thread, now);
        now += 7 * MS;
        cr_assert_leq(ran, LIMIT_MS * MS + 3 * MS, "%llu ms were counted of %llu", (unsigned long long)thread.watch_since_ns / MS, (unsigned long long)ran / MS);
        resume();
        reported = tick_after(1);
    }
    cr_assert_geq(ran, LIMIT_MS * MS - MS);
}
