// SPDX-License-Identifier: MIT
//
// Every way to crash: the cause is the right one, the backtrace leads through the victim to its caller, callers get EDEAD, everybody else
// goes on, and the victim serves again after its restart.
#include "conductor.h"

#include <string.h>

static const struct {
    enum bh_inject kind;
    enum bh_crash_cause cause;
    const char *symbol; // of a function that the backtrace names
} kinds[] = {
    {BH_INJECT_NULL, BH_CRASH_FAULT, "bh_inject"},
    {BH_INJECT_WILD_KERNEL, BH_CRASH_FAULT, "bh_inject"},
    {BH_INJECT_WILD_SLOT, BH_CRASH_FAULT, "bh_inject"},
    {BH_INJECT_UNDEFINED, BH_CRASH_INSTRUCTION, "bh_inject"},
    {BH_INJECT_DIVIDE, BH_CRASH_ARITHMETIC, "bh_inject"},
    {BH_INJECT_LOOP, BH_CRASH_WATCHDOG, "bh_inject"},
    {BH_INJECT_CONTROL_STACK, BH_CRASH_CONTROL_STACK, "recurse_control"},
    {BH_INJECT_DATA_STACK, BH_CRASH_DATA_STACK, "recurse_data"},
    {BH_INJECT_PANIC, BH_CRASH_PANIC, "bh_inject"},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(*kinds))

static void expect_crash(size_t i, const struct bh_crash_info *crash) {
    // A plain domain has its return addresses on the same stack as its objects.
    enum bh_crash_cause cause = plain && kinds[i].cause == BH_CRASH_CONTROL_STACK ? BH_CRASH_DATA_STACK : kinds[i].cause;
    EXPECT(crash->cause == cause, "kind %u: cause %u, expected %u (%s)", kinds[i].kind, crash->cause, cause, crash->text);
    EXPECT(crash->domain == a.id, "kind %u: domain %u", kinds[i].kind, crash->domain);
    bool in_store = plain && kinds[i].cause == BH_CRASH_FAULT && crashed_in(crash, a.id, "store"); // which the compiler may jump to
    EXPECT(crash->frame_count > 0 && (in_store || crashed_in(crash, a.id, kinds[i].symbol)), "kind %u: the backtrace of %u frames lacks %s", kinds[i].kind,
           crash->frame_count, kinds[i].symbol);
    EXPECT(strlen(crash->text) > 5, "kind %u: no text", kinds[i].kind);
}

void crash_in_call(void) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct bh_crash_info crash;
        uint64_t same;
        wait_until_holds(&a, 5); // settings, next, work, and the ring's events
        struct bh_domain_info before = info_of(&a), other = info_of(&b);
        EXPECT_ERROR(victim_crash(a.port, kinds[i].kind), BH_EDEAD);
        wait_for_death(&a, &crash);
        expect_crash(i, &crash);
        EXPECT(kinds[i].kind == BH_INJECT_CONTROL_STACK || kinds[i].kind == BH_INJECT_DATA_STACK ||
                   crashed_in(&crash, info_of(&a).id, "crash"), "kind %u: the backtrace does not reach the method", kinds[i].kind);
        EXPECT_ERROR(victim_echo(a.port, 1, &same), BH_EDEAD);
        expect_serves(&b);
        expect_serves(&c);
        revive(&a);
        struct bh_domain_info after = info_of(&a);
        EXPECT(after.generation == before.generation + 1 && after.restarts == before.restarts + 1, "generation %u, restarts %u",
               after.generation, after.restarts);
        wait_until_holds(&a, before.caps);
        for (uint64_t deadline = bh_time_ns() + PATIENCE_NS; after.threads != before.threads; after = info_of(&a)) { // its first thread ends
            EXPECT(bh_time_ns() < deadline, "threads %u then %u", before.threads, after.threads);
            bh_sleep_for(MS / 4);
        }
        EXPECT(info_of(&b).generation == other.generation && info_of(&b).restarts == 0, "b was restarted");
    }
}

void crash_by_injection(void) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct bh_crash_info crash;
        EXPECT_OK(system_inject(system_cap, a.id, kinds[i].kind));
        wait_for_death(&a, &crash);
        expect_crash(i, &crash);
        expect_serves(&b);
        revive(&a);
    }
    EXPECT_ERROR(system_inject(system_cap, a.id, 0), BH_EINVAL);
    EXPECT_ERROR(system_inject(system_cap, a.id, 99), BH_EINVAL);
    EXPECT_ERROR(system_inject(system_cap, 63, BH_INJECT_NULL), BH_ENOENT);
    EXPECT_ERROR(system_inject(system_cap, c.id, BH_INJECT_RING), BH_ENOENT); // serves no ring
}

static volatile enum bh_error waiter_result;
static bh_cap waiter_done;

static void waiter(uint64_t port) {
    waiter_result = victim_wait((bh_cap)port, PATIENCE_NS);
    (void)bh_event_signal(waiter_done);
    bh_thread_exit();
}

// One thread sleeps inside the victim, another one crashes it: both get out.
void crash_of_two_threads(void) {
    struct bh_crash_info crash;
    EXPECT_OK(bh_event_create(&waiter_done));
    waiter_result = BH_OK;
    EXPECT(!info_of(&a).oldest_wait, "a call waits in a");
    EXPECT_OK(bh_thread_create(waiter, a.port, 2));
    wait_until_under_way(&a, 1);
    uint64_t wait, deadline = bh_time_ns() + PATIENCE_NS;
    while (!(wait = info_of(&a).oldest_wait) && bh_time_ns() < deadline)
        bh_sleep_for(MS / 4);
    EXPECT_OK(victim_wait(a.port, MS)); // a younger one
    EXPECT(wait && info_of(&a).oldest_wait == wait && !info_of(&b).oldest_wait, "waits %llu and %llu", (unsigned long long)wait, (unsigned long long)info_of(&a).oldest_wait);
    EXPECT_ERROR(victim_crash(a.port, BH_INJECT_DIVIDE), BH_EDEAD);
    EXPECT_OK(bh_event_wait(waiter_done, bh_time_ns() + PATIENCE_NS));
    EXPECT(waiter_result == BH_EDEAD, "the sleeping caller got %d", waiter_result);
    EXPECT(!info_of(&a).oldest_wait, "a call waits in a dead domain");
    wait_for_death(&a, &crash);
    revive(&a);
}
