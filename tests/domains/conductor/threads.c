// SPDX-License-Identifier: MIT
//
// Threads of one domain: events, sleep, time slices, priorities, registers.
#include "conductor.h"

#include "runtime/calls.h"
#include "tests/domains/victim/misbehave.h"

static volatile uint32_t stop, order[8], arrived;
static bh_cap gate_event, done_event;

// At least, and not so much more that it was forgotten.
static void expect_since(uint64_t from_ns, uint64_t least, const char *what) {
    uint64_t took = bh_time_ns() - from_ns;
    EXPECT(took >= least && took <= least + PATIENCE_NS, "%s took %llu us", what, (unsigned long long)took / 1000);
}

static void waiter(uint64_t number) {
    if (bh_event_wait(gate_event, 0) == BH_OK)
        order[arrived++] = (uint32_t)number;
    (void)bh_event_signal(done_event);
    bh_thread_exit();
}

void events(void) {
    EXPECT_OK(bh_event_create(&gate_event));
    EXPECT_OK(bh_event_create(&done_event));
    for (int i = 0; i < 3; i++)
        EXPECT_OK(bh_event_signal(gate_event)); // remembered once
    EXPECT_OK(bh_event_wait(gate_event, bh_time_ns() + MS));
    EXPECT_ERROR(bh_event_wait(gate_event, bh_time_ns() + MS), BH_ETIMEDOUT);
    EXPECT_ERROR(bh_event_wait(gate_event, 1), BH_ETIMEDOUT); // long past
    for (uint64_t i = 0; i < 4; i++) {
        EXPECT_OK(bh_thread_create(waiter, i, 2));
        bh_sleep_for(MS);
    }
    for (uint32_t i = 0; i < 4; i++) {
        EXPECT_OK(bh_event_signal(gate_event)); // wakes the one who waits longest, and only that one
        EXPECT_OK(bh_event_wait(done_event, bh_time_ns() + PATIENCE_NS));
        EXPECT(arrived == i + 1 && order[i] == i, "waiter %u came as number %u of %u", order[i], i, arrived);
    }
    EXPECT_ERROR(bh_event_wait(gate_event, bh_time_ns() + MS), BH_ETIMEDOUT);
    // The event goes away under a waiter.
    EXPECT_OK(bh_thread_create(waiter, 9, 2));
    bh_sleep_for(MS);
    EXPECT_OK(bh_cap_drop(gate_event));
    EXPECT_OK(bh_event_wait(done_event, bh_time_ns() + PATIENCE_NS));
    EXPECT(arrived == 4, "the waiter took the end of its event for a signal");
    // A deadline that never comes.
    EXPECT_OK(victim_signal_later(a.port, done_event, 5 * MS));
    EXPECT_OK(bh_event_wait(done_event, UINT64_MAX));
}

// a has signalled when it holds the event no more.
static uint64_t after_signal_of_a(bh_cap event) {
    EXPECT_OK(victim_signal_later(a.port, event, MS));
    wait_until_holds(&a, CAPS_OF(&a));
    return info_of(&(struct victim){.name = "conductor", .id = 1}).oldest_signal;
}

static void take_signal(bh_cap event) {
    EXPECT_OK(bh_event_wait(event, bh_time_ns() + PATIENCE_NS));
}

// A signal of another domain has a number, until we wait again, when we have waited for that event before. One of our own has none.
void signals_unheard(void) {
    const struct victim self = {.name = "conductor", .id = 1};
    bh_cap one, other, derived;
    uint64_t first, again;
    EXPECT_OK(bh_event_create(&one));
    EXPECT_OK(bh_event_create(&other));
    EXPECT(!after_signal_of_a(one), "a signal counts for which nobody ever waited");
    take_signal(one);
    EXPECT_OK(bh_event_signal(one));
    EXPECT(!info_of(&self).oldest_signal, "a signal of its own counts");
    take_signal(one);
    EXPECT_OK(bh_cap_derive(one, BH_RIGHT_SIGNAL, &derived));
    EXPECT_OK(bh_event_signal(derived));
    EXPECT(!info_of(&self).oldest_signal, "a signal of its own counts, by a derived capability");
    EXPECT((first = after_signal_of_a(one)), "a signal of another domain does not count where one of its own stands");
    EXPECT(after_signal_of_a(one) == first, "a second signal is another one");
    EXPECT_ERROR(bh_event_wait(other, 1), BH_ETIMEDOUT); // now it is awaited
    EXPECT(after_signal_of_a(other) == first, "a younger signal is the oldest");
    EXPECT(!info_of(&a).oldest_signal, "who has signalled is told of it");
    take_signal(one);
    EXPECT((again = info_of(&self).oldest_signal) > first, "number %llu behind %llu", (unsigned long long)again, (unsigned long long)first);
    take_signal(other);
    EXPECT(!info_of(&self).oldest_signal, "a signal that was taken counts");
    EXPECT(after_signal_of_a(one) > again, "a number came twice");
    EXPECT_OK(bh_cap_drop(one));
    EXPECT(!info_of(&self).oldest_signal, "an event counts that is gone");
}

static void sleep_forever(uint64_t unused) {
    (void)unused;
    bh_sleep_until(UINT64_MAX);
    bh_thread_exit();
}

void sleeping(void) {
    EXPECT_OK(bh_thread_create(sleep_forever, 0, 2));
    for (uint64_t ms = 1; ms <= 64; ms *= 4) {
        uint64_t start = bh_time_ns();
        bh_sleep_for(ms * MS);
        expect_since(start, ms * MS, "sleeping");
    }
    uint64_t start = bh_time_ns();
    bh_sleep_until(0);
    bh_sleep_until(start - 1);
    expect_since(start, 0, "sleeping until a time that has passed");
    EXPECT_OK(victim_wait(a.port, 10 * MS));
    expect_since(start, 10 * MS, "sleeping in another domain");
}

static volatile uint64_t counts[4];

static void count(uint64_t number) {
    while (!stop)
        counts[number]++;
    (void)bh_event_signal(done_event);
    bh_thread_exit();
}

// Loops without a call share the processor with each other and with us.
void preemption(void) {
    EXPECT_OK(bh_event_create(&done_event));
    for (uint64_t i = 0; i < 3; i++)
        EXPECT_OK(bh_thread_create(count, i, 2));
    uint64_t end = bh_time_ns() + 200 * MS, deadline = end + PATIENCE_NS;
    while (bh_time_ns() < end || ((counts[0] <= 1000 || counts[1] <= 1000 || counts[2] <= 1000) && bh_time_ns() < deadline))
        expect_serves(&a);
    stop = 1;
    bh_sleep_for(50 * MS);
    for (int i = 0; i < 3; i++)
        EXPECT(counts[i] > 1000, "loop %d came to %llu", i, (unsigned long long)counts[i]);
    EXPECT(memory_now().threads > 0, "no threads");
}

static void note_time(uint64_t unused) {
    (void)unused;
    while (!stop)
        if (bh_event_wait(gate_event, bh_time_ns() + 20 * MS) == BH_OK)
            arrived++;
    bh_thread_exit();
}

static void spin(uint64_t duration_ns) {
    uint64_t end = bh_time_ns() + duration_ns;
    while (bh_time_ns() < end)
        ;
}

static void wait_until_alone(void) {
    for (uint64_t deadline = bh_time_ns() + PATIENCE_NS; info_of(&(struct victim){.id = 1}).threads > 1; bh_sleep_for(MS))
        EXPECT(bh_time_ns() < deadline, "threads did not end");
}

void priorities(void) {
    EXPECT_OK(bh_event_create(&gate_event));
    EXPECT_OK(bh_event_create(&done_event));
    EXPECT_ERROR(bh_thread_create(count, 0, 4), BH_ERANGE);
    EXPECT_ERROR(bh_thread_create(count, 0, 0x80000000), BH_ERANGE);
    EXPECT_ERROR(bh_thread_create(count, 0, 0), BH_ERANGE); // better than the manifest's
    EXPECT_ERROR(bh_call_thread_create((void *)&stop, 0, 2), BH_EINVAL);
    occupy(processors() - 1);
    uint64_t began = bh_time_ns(), counted = 0;
    EXPECT_OK(bh_thread_create(count, 0, 3)); // worse than we are
    while (bh_time_ns() < began + 30 * MS) // for less than the time after which it would starve
        counted = counts[0];
    EXPECT(counted == 0 || bh_time_ns() > began + 45 * MS, "a thread of lower priority ran %llu times while we had work", (unsigned long long)counted);
    vacate();
    for (uint64_t deadline = bh_time_ns() + PATIENCE_NS; !counts[0] && bh_time_ns() < deadline;)
        bh_sleep_for(20 * MS);
    EXPECT(counts[0] > 0, "it does not run when we sleep");
    EXPECT_OK(bh_thread_create(note_time, 0, 1)); // better
    bh_sleep_for(2 * MS);
    EXPECT_OK(bh_event_signal(gate_event));
    for (uint64_t end = bh_time_ns() + PATIENCE_NS; processors() > 1 && !arrived && bh_time_ns() < end;) // elsewhere, as soon as it gets there
        ;
    EXPECT(arrived == 1, "a better thread did not run at once");
    uint32_t before = info_of(&(struct victim){.id = 1}).threads;
    spin(60 * MS); // its timeouts interrupt us
    EXPECT(before == 3, "%u threads", before);
    stop = 1;
    wait_until_alone();
}

static volatile uint64_t rounds[32];
static bh_cap turn[32]; // events of those who go round
static enum circle { COMPUTES, YIELDS, ASKS_THE_TIME, WAKES_ITSELF, WAKES_ANOTHER, CIRCLES } circle;

// Without ever leaving the processor to somebody worse.
static void go_round(uint64_t number) {
    while (!stop) {
        rounds[number]++;
        if (circle == YIELDS)
            bh_yield();
        else if (circle == ASKS_THE_TIME)
            (void)bh_time_ns();
        else if (circle != COMPUTES) {
            (void)bh_event_signal(turn[circle == WAKES_ITSELF ? number : number ^ 1]);
            (void)bh_event_wait(turn[number], bh_time_ns() + 50 * MS);
        }
    }
    bh_thread_exit();
}

static void wait_for_more(volatile const uint64_t *what, uint64_t more, const char *who) {
    uint64_t before = *what, deadline = bh_time_ns() + PATIENCE_NS;
    for (; *what < before + more; bh_sleep_for(MS))
        EXPECT(bh_time_ns() < deadline, "%s came from %llu to %llu while others went round (%d)", who, (unsigned long long)before, (unsigned long long)*what, (int)circle);
}

// Priorities are no walls: in whatever way threads keep all processors to themselves, one of a lower priority gets on, again and again.
void nobody_starves(void) {
    uint32_t others = 2 * processors() < 28 ? 2 * processors() : 28;
    EXPECT_OK(bh_event_create(&done_event));
    for (uint32_t i = 0; i < others; i++)
        EXPECT_OK(bh_event_create(&turn[i]));
    for (circle = COMPUTES; circle < CIRCLES; circle++) {
        stop = 0;
        for (uint32_t i = 0; i < others; i++)
            EXPECT_OK(bh_thread_create(go_round, i, 2));
        for (uint32_t i = 0; i < others; i++)
            wait_for_more(&rounds[i], 1, "one of them");
        EXPECT_OK(bh_thread_create(count, 0, 3));
        for (int i = 0; i < 5; i++)
            wait_for_more(&counts[0], 1000, "the worse thread");
        stop = 1;
        wait_until_alone();
    }
}

static volatile double results[2];

static void compute(uint64_t number) {
    double sum = 0, step = number ? 1.5 : 0.25;
    for (uint32_t i = 0; i < 30000000; i++)
        sum = sum * 0.5 + step;
    results[number] = sum;
    (void)bh_event_signal(done_event);
    bh_thread_exit();
}

// Registers of the FPU belong to a thread, whoever interrupts it.
void floating_point(void) {
    EXPECT_OK(bh_event_create(&done_event));
    EXPECT_OK(bh_thread_create(compute, 0, 2));
    EXPECT_OK(bh_thread_create(compute, 1, 2));
    for (int i = 0; i < 2; i++)
        EXPECT_OK(bh_event_wait(done_event, bh_time_ns() + PATIENCE_NS));
    bh_sleep_for(5 * MS);
    EXPECT(results[0] == 0.5 && results[1] == 3.0, "sums are wrong");
}

// x87's stack is a stack: who leaves it full harms nobody else's arithmetic, neither callee's nor caller's.
void floating_point_stack(void) {
    uint64_t value = 0;
    for (int i = 0; i < 3; i++) {
        volatile long double sum = 0.5L;
        EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_FULL_FPU, 0, &value));
        for (int k = 0; k < 9; k++)
            sum = sum * 2 + 1;
        EXPECT(sum == 767, "the sum is %d", (int)sum);
        EXPECT(value == 42, "the callee computed %llu", (unsigned long long)value);
    }
    EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_FULL_FPU, 0, &value));
    EXPECT_OK(victim_relay(b.port, 0, MISBEHAVE_COMPUTE, 0, &value));
    EXPECT(value == 42, "the next callee computed %llu", (unsigned long long)value);
}

static void end_at_once(uint64_t unused) {
    (void)unused;
    bh_thread_exit();
}

void thread_limits(void) {
    struct bh_memory_info before = memory_now();
    for (int i = 0; i < 2000; i++) {
        EXPECT_OK(bh_thread_create(end_at_once, 0, 2));
        bh_yield();
    }
    for (uint64_t deadline = bh_time_ns() + PATIENCE_NS; memory_now().threads > before.threads + 1; bh_sleep_for(5 * MS))
        EXPECT(bh_time_ns() < deadline, "%u threads, %u before", memory_now().threads, before.threads);
    int64_t gone = (int64_t)(before.free_bytes - memory_now().free_bytes);
    EXPECT(gone < 1 << 20, "%lld bytes are gone", (long long)gone);
    enum bh_error error = BH_OK;
    int made = 0;
    while (!error && made < 200) {
        error = bh_thread_create(sleep_forever, 0, 2);
        made += !error;
    }
    EXPECT(error == BH_EQUOTA && made >= 20, "%d threads, then %d", made, error);
    expect_serves(&a);
}

void deaths_are_told(void) {
    bh_cap event;
    EXPECT_OK(bh_event_create(&event));
    EXPECT_OK(system_watch_deaths(system_cap, event));
    EXPECT_ERROR(bh_event_wait(event, bh_time_ns() + 5 * MS), BH_ETIMEDOUT);
    for (int i = 0; i < 3; i++) {
        EXPECT_ERROR(victim_crash(c.port, BH_INJECT_NULL), BH_EDEAD);
        EXPECT_OK(bh_event_wait(event, bh_time_ns() + PATIENCE_NS));
        EXPECT(info_of(&c).state == BH_DOMAIN_STATE_DEAD, "told too early");
        revive(&c);
    }
}

// All threads of the machine in use, and more wanted: those are refused, and when it has passed everything is as before.
void threads_run_out(void) {
    const struct victim *all[] = {&a, &b, &c};
    uint64_t got;
    uint32_t failure;
    for (int i = 0; i < 3; i++) {
        EXPECT_OK(victim_exhaust(all[i]->port, 3, &got, &failure));
        EXPECT(failure == (uint32_t)-BH_EQUOTA || failure == (uint32_t)-BH_ENOSPC || failure == (uint32_t)-BH_ENOMEM, "-%u", failure);
    }
    enum bh_error error = BH_OK;
    while (!error)
        error = bh_thread_create(end_at_once, 0, 2);
    EXPECT(error == BH_EQUOTA || error == BH_ENOSPC, "%d", error);
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    for (int i = 0; i < 3; i++)
        while (info_of(all[i]).threads > 2) { // they end
            EXPECT(bh_time_ns() < deadline, "%s keeps %u threads", all[i]->name, info_of(all[i]).threads);
            bh_sleep_for(10 * MS);
        }
    expect_serves(&b);
    expect_serves(&c);
    EXPECT_OK(system_kill(system_cap, a.id));
    revive(&a);
    expect_serves(&a);
    EXPECT_OK(bh_thread_create(end_at_once, 0, 2));
}
