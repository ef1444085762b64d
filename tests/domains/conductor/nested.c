// SPDX-License-Identifier: MIT
//
// Death somewhere in a chain of calls: each thread comes out at the record that entered the dead domain, no sooner and no later.
#include "conductor.h"

#include "tests/domains/victim/misbehave.h"

static volatile enum bh_error relay_result;
static volatile uint64_t relay_value;
static bh_cap relay_done;

static void relay_thread(uint64_t unused) {
    uint64_t value = 0;
    (void)unused;
    relay_result = victim_wait(a.port, 0); // leases the data stack first
    relay_result = victim_relay(a.port, 2, BH_INJECT_LOOP, 0, &value);
    relay_value = value;
    (void)bh_event_signal(relay_done);
    bh_thread_exit();
}

// Until the call has arrived in c.
static void start_relay(void) {
    uint64_t before = info_of(&c).calls, deadline = bh_time_ns() + PATIENCE_NS;
    EXPECT_OK(bh_thread_create(relay_thread, 0, 2));
    while (info_of(&c).calls == before) {
        EXPECT(bh_time_ns() < deadline, "the call does not arrive in c");
        bh_sleep_for(MS);
    }
    bh_sleep_for(MS);
}

// conductor -> a -> b -> c, and c loops: its watchdog kills it, b and a hear EDEAD and pass it on alive.
void nested_death_at_the_end(void) {
    uint64_t value = 0;
    struct bh_crash_info crash;
    EXPECT_OK(victim_relay(a.port, 2, 0, 40, &value));
    EXPECT(value == 43, "relay gave %llu", (unsigned long long)value);
    EXPECT_OK(victim_relay(a.port, 6, 0, 0, &value)); // twice around
    EXPECT(value == 7, "relay gave %llu", (unsigned long long)value);
    EXPECT_ERROR(victim_relay(a.port, 2, BH_INJECT_NULL, 0, &value), BH_EDEAD);
    wait_for_death(&c, &crash);
    EXPECT(crashed_in(&crash, c.id, "relay") && crashed_in(&crash, b.id, "relay") && crashed_in(&crash, a.id, "relay"),
           "the backtrace does not lead through all three domains");
    expect_serves(&a);
    expect_serves(&b);
    revive(&c);
    EXPECT_OK(victim_relay(a.port, 2, 0, 0, &value));
    EXPECT(info_of(&a).restarts == 0 && info_of(&b).restarts == 0, "a or b was restarted");
}

// conductor -> a -> b -> c: while c computes, b is killed. c goes on to its end (here: its watchdog), the thread then leaves b with
// EDEAD to a.
void nested_death_in_the_middle(void) {
    struct bh_crash_info crash;
    EXPECT_OK(bh_event_create(&relay_done));
    start_relay();
    EXPECT_OK(system_kill(system_cap, b.id));
    wait_for_death(&b, &crash);
    EXPECT(crash.cause == BH_CRASH_KILLED, "b: cause %u", crash.cause);
    revive(&b); // while the thread is still in c, which did not die with b: of what, is asked below
    EXPECT_OK(bh_event_wait(relay_done, bh_time_ns() + PATIENCE_NS));
    EXPECT(relay_result == BH_EDEAD, "relay: %d", relay_result);
    wait_for_death(&c, &crash);
    EXPECT(crash.cause == BH_CRASH_WATCHDOG, "c: cause %u", crash.cause);
    expect_serves(&a);
    expect_serves(&b);
    revive(&c);
    uint64_t value = 0;
    EXPECT_OK(victim_relay(a.port, 5, 0, 0, &value));
    EXPECT(info_of(&a).restarts == 0 && info_of(&b).restarts == 1, "a or b was restarted");
}

// A caller dies while its call is under way: the server finishes unharmed.
void caller_dies_first(void) {
    struct bh_crash_info crash;
    for (int round = 0; round < 3; round++) {
        EXPECT_OK(bh_event_create(&relay_done));
        start_relay();
        EXPECT_OK(system_kill(system_cap, a.id));
        wait_for_death(&a, &crash);
        revive(&a);
        EXPECT_OK(bh_event_wait(relay_done, bh_time_ns() + PATIENCE_NS));
        EXPECT(relay_result == BH_EDEAD, "relay: %d", relay_result);
        wait_for_death(&c, &crash);
        EXPECT(crash.cause == BH_CRASH_WATCHDOG, "c: cause %u", crash.cause);
        revive(&c);
        expect_serves(&a);
        expect_serves(&b);
        EXPECT_OK(bh_cap_drop(relay_done));
    }
}

static void late_thread(uint64_t unused) {
    uint64_t value = 0;
    (void)unused;
    relay_result = victim_relay(a.port, 0, MISBEHAVE_CALL_LATE, 0, &value);
    (void)bh_event_signal(relay_done);
    bh_thread_exit();
}

// A caller dies and is restarted while its call is under way: the answer is not written into the new instance.
void late_answer(void) {
    uint64_t value = 0;
    EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_CALL_LATE, 0, &value));
    EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_LATE_ANSWER, 0, &value));
    EXPECT(value == 0xeeeeeeeeeeeeeeeeull, "the answer was not written: %llx", (unsigned long long)value);
    EXPECT_OK(system_kill(system_cap, a.id));
    revive(&a);
    EXPECT_OK(bh_event_create(&relay_done));
    hold_all(&b);
    EXPECT_OK(bh_thread_create(late_thread, 0, 2));
    wait_until_under_way(&b, 1);
    EXPECT_OK(system_kill(system_cap, a.id));
    revive(&a);
    let_go(&b);
    EXPECT_OK(bh_event_wait(relay_done, bh_time_ns() + PATIENCE_NS));
    EXPECT(relay_result == BH_EDEAD, "the call gave %d", relay_result);
    EXPECT_OK(victim_relay(a.port, 0, MISBEHAVE_LATE_ANSWER, 0, &value));
    EXPECT(value == 0, "the new instance got the old one's answer: %llx", (unsigned long long)value);
    EXPECT(info_of(&a).restarts == 2 && info_of(&b).restarts == 0, "a or b died of it");
}
