// SPDX-License-Identifier: MIT
//
// With the system's own supervisor: it restarts by the manifest's policy (tests/hosted/supervised.toml), later after each death, and gives up.
#include "conductor.h"

#define BACKOFF_NS (20 * MS) // of a
#define LIMIT 3              // restarts of a within its window

static void crash_a(void) {
    EXPECT_ERROR(victim_crash(a.port, BH_INJECT_NULL), BH_EDEAD);
}

static uint64_t time_until_serving(void) {
    uint64_t start = bh_time_ns(), deadline = start + PATIENCE_NS, same;
    while (victim_echo(a.port, 1, &same) != BH_OK) {
        EXPECT(bh_time_ns() < deadline, "a was not restarted");
        bh_sleep_for(MS / 4);
    }
    return bh_time_ns() - start;
}

void supervised_restart(void) {
    for (uint32_t death = 0; death < LIMIT; death++) {
        crash_a();
        uint64_t took = time_until_serving();
        EXPECT(took >= BACKOFF_NS << death, "death %u: back after %llu us", death, (unsigned long long)took / 1000);
        EXPECT(info_of(&a).restarts == death + 1, "%u restarts", info_of(&a).restarts);
    }
    expect_serves(&b);
}

static void wait_for_end(const struct victim *victim) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    while (info_of(victim).state != BH_DOMAIN_STATE_ENDED) {
        EXPECT(bh_time_ns() < deadline, "%s was not given up", victim->name);
        bh_sleep_for(MS);
    }
}

void supervised_giving_up(void) {
    uint64_t same;
    for (uint32_t death = 0; death <= LIMIT; death++) {
        crash_a();
        if (death < LIMIT)
            (void)time_until_serving();
    }
    wait_for_end(&a);
    EXPECT_ERROR(victim_echo(a.port, 1, &same), BH_EDEAD);
    EXPECT_OK(system_kill(system_cap, b.id)); // never to be restarted
    wait_for_end(&b);
    EXPECT(info_of(&b).restarts == 0, "b was restarted");
    expect_serves(&c);
    revive(&a); // by hand, all the same
    EXPECT_OK(victim_relay(c.port, 1, 0, 0, &same));
}

// Requests stay in flight through deaths that somebody else repairs.
void supervised_ring(void) {
    static struct bh_ring ring;
    uint32_t completed = 0, slot;
    uint64_t deadline = bh_time_ns() + 2 * PATIENCE_NS;
    EXPECT_OK(bh_ring_attach("work", &ring));
    for (uint64_t i = 0; i < 12; i++) {
        struct bh_victim_request request = {i, 10 * MS};
        EXPECT_OK(bh_ring_submit(&ring, &request, &slot));
    }
    bh_ring_submit_notify(&ring);
    while (completed < 12) {
        enum bh_error status;
        struct bh_victim_completion completion;
        EXPECT(bh_time_ns() < deadline, "%u of 12 were completed", completed);
        if (bh_ring_complete(&ring, &slot, &status, &completion) != BH_OK) {
            (void)bh_ring_wait_completion(&ring, bh_time_ns() + 50 * MS);
            continue;
        }
        EXPECT_OK(status);
        completed++;
        if (completed == 3 || completed == 7)
            EXPECT_OK(system_inject(system_cap, a.id, BH_INJECT_UNDEFINED));
    }
    EXPECT(info_of(&a).restarts == 2, "%u restarts", info_of(&a).restarts);
}
