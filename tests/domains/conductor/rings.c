// SPDX-License-Identifier: MIT
//
// The ring through deaths of its server: every request is completed exactly once from the client's point of view, none is lost; a server
// that breaks the rules is replaced.
#include "conductor.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/calls.h"
#include "tests/domains/victim/misbehave.h"

#define ENTRIES 16
#define REQUESTS 600

static struct bh_ring ring;
static uint8_t completed[REQUESTS];
static uint64_t value_of[ENTRIES];

static bool submit(uint64_t value, uint64_t delay_ns) {
    struct bh_victim_request request = {value, delay_ns};
    uint32_t slot;
    enum bh_error error = bh_ring_submit(&ring, &request, &slot);
    if (error == BH_EAGAIN)
        return false;
    EXPECT_OK(error);
    value_of[slot] = value;
    bh_ring_submit_notify(&ring);
    return true;
}

// Take what there is; how many.
static uint32_t collect(void) {
    uint32_t slot, count = 0;
    enum bh_error status;
    struct bh_victim_completion completion;
    while (bh_ring_complete(&ring, &slot, &status, &completion) == BH_OK) {
        EXPECT_OK(status);
        EXPECT(slot < ENTRIES && completion.value == value_of[slot] + 1, "slot %u: %llu for %llu", slot, (unsigned long long)completion.value,
               (unsigned long long)value_of[slot]);
        EXPECT(value_of[slot] < REQUESTS && !completed[value_of[slot]]++, "request %llu was completed twice", (unsigned long long)value_of[slot]);
        count++;
    }
    return count;
}

static void collect_until(uint32_t *have, uint32_t want) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    while (*have < want) {
        EXPECT(bh_time_ns() < deadline, "%u of %u requests were completed", *have, want);
        *have += collect();
        if (*have < want)
            (void)bh_ring_wait_completion(&ring, bh_time_ns() + 10 * MS);
    }
}

static void restart_when_dead(void) {
    if (info_of(&a).state == BH_DOMAIN_STATE_DEAD)
        EXPECT_OK(system_restart(system_cap, a.id));
}

void ring_replay(void) {
    uint32_t have = 0, sent = 0;
    uint64_t deadline = bh_time_ns() + 2 * PATIENCE_NS, random = 12345;
    EXPECT_OK(bh_ring_attach("work", &ring));
    EXPECT(ring.info.entry_count == ENTRIES, "%u entries", ring.info.entry_count);
    while (have < REQUESTS) {
        EXPECT(bh_time_ns() < deadline, "%u sent, %u completed", sent, have);
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        while (sent < REQUESTS && sent - have < 1 + (random >> 40) % ENTRIES && submit(sent, (random >> 20) % 4 ? 0 : MS / 8))
            sent++;
        if ((random >> 33) % 9 == 0 && info_of(&a).state == BH_DOMAIN_STATE_RUNNING)
            EXPECT_OK(system_inject(system_cap, a.id, BH_INJECT_NULL));
        bh_sleep_for((random >> 50) % 4 * MS / 16);
        restart_when_dead();
        have += collect();
    }
    for (uint32_t i = 0; i < REQUESTS; i++)
        EXPECT(completed[i] == 1, "request %u was completed %u times", i, completed[i]);
    EXPECT(info_of(&a).restarts > 10, "only %u restarts", info_of(&a).restarts);
    bh_info("%u requests through %u restarts", REQUESTS, info_of(&a).restarts);
    EXPECT(ring.in_flight == 0 && collect() == 0, "something is left");
}

// The kernel scribbles over the completions, as a broken server would: the client notices, and the server is replaced.
void ring_broken(void) {
    uint32_t have = 0;
    struct bh_crash_info crash;
    EXPECT_OK(bh_ring_attach("work", &ring));
    for (uint64_t value = 0; value < 40; value++) {
        EXPECT(submit(value, 0), "the ring is full");
        collect_until(&have, (uint32_t)value + 1);
        if (value % 8 != 5)
            continue;
        uint32_t slot;
        enum bh_error status;
        struct bh_victim_completion completion;
        EXPECT_OK(system_inject(system_cap, a.id, BH_INJECT_RING));
        EXPECT_ERROR(bh_ring_complete(&ring, &slot, &status, &completion), BH_EPROTO);
        wait_for_death(&a, &crash);
        EXPECT(crash.cause == BH_CRASH_PROTOCOL, "cause %u: %s", crash.cause, crash.text);
        EXPECT(strstr(crash.text, "work") && strstr(crash.text, "conductor"), "the text does not say who and what: %s", crash.text);
        revive(&a);
        // An accusation that comes late does not meet the successor.
        EXPECT_OK(bh_call_ring_accuse(ring.cap, 1, "late", 4, ring.epoch));
        EXPECT(info_of(&a).state == BH_DOMAIN_STATE_RUNNING, "the new server was killed for the old one");
    }
}

void ring_full(void) {
    uint32_t have = 0;
    struct bh_crash_info crash;
    EXPECT_OK(bh_ring_attach("work", &ring));
    EXPECT_ERROR(bh_ring_attach("work", &(struct bh_ring){0}), BH_EBUSY);
    EXPECT_ERROR(bh_ring_attach("play", &(struct bh_ring){0}), BH_ENOENT);
    hold_all(&a); // at the first
    for (uint64_t value = 0; value < ENTRIES; value++)
        EXPECT(submit(value, value ? 0 : MS), "the ring is full after %llu", (unsigned long long)value);
    EXPECT(!submit(ENTRIES, 0), "a full ring took another request");
    // All of them are in flight when the server dies.
    EXPECT_OK(system_inject(system_cap, a.id, BH_INJECT_DIVIDE));
    wait_for_death(&a, &crash);
    EXPECT(!submit(ENTRIES, 0), "a full ring took another request");
    revive(&a);
    collect_until(&have, ENTRIES);
    EXPECT(submit(ENTRIES, 0), "the ring stays full");
    collect_until(&have, ENTRIES + 1);
}

static void play(uint32_t submissions, uint32_t awaited) {
    uint64_t completed = 0;
    EXPECT_OK(victim_relay(c.port, 0, MISBEHAVE_PLAY, submissions | awaited << 16, &completed));
    EXPECT(completed >= awaited, "%llu of %u were completed", (unsigned long long)completed, awaited);
}

// The client dies with requests in flight, alone or together with the server: what it submitted is still completed, and its next life goes
// on with the same ring. Nobody is accused of anything.
void ring_client_dies(void) {
    for (uint32_t round = 0; round < 30; round++) {
        uint32_t left = 1 + round % 7; // in flight at its death
        play(left + 5, 5);
        EXPECT_OK(system_kill(system_cap, c.id));
        if (round % 3 == 2)
            EXPECT_OK(system_kill(system_cap, b.id));
        if (round % 2)
            bh_sleep_for(MS);
        if (round % 3 == 2)
            revive(&b);
        revive(&c);
        play(20, 20);
    }
    EXPECT(info_of(&b).restarts == 10 && info_of(&c).restarts == 30, "%u and %u restarts", info_of(&b).restarts, info_of(&c).restarts);
}
