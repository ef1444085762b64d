// SPDX-License-Identifier: MIT
//
// A set of rings: every request comes out once, by priority, and none waits for longer than the header says. Each ring has its memory, and
// its client is a few lines here.
#include "bulkhead/ring_set.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/cap.h"
#include "bulkhead/domain.h"
#include "runtime/calls.h"

#define ENTRIES 64
#define RINGS 9

static struct world {
    uint8_t header[64], requests[BH_RING_ORDER + 4 * ENTRIES + 64 * ENTRIES], completions[BH_RING_COMPLETIONS + 32 * ENTRIES];
} __attribute__((aligned(64))) worlds[RINGS];
static struct bh_ring clients[RINGS], servers[RINGS];
static struct bh_ring_set set;
static uint32_t accused[RINGS], forwarded[RINGS], waits;
static bool as_server;

enum bh_error bh_cap_find(const char *name, bh_cap *cap) {
    return *cap = (bh_cap)atoi(name), BH_OK;
}

enum bh_error bh_call_ring_attach(bh_cap cap, struct bh_ring_info *info) {
    struct world *world = &worlds[cap];
    *info = (struct bh_ring_info){.header = (uint64_t)world->header, .requests = (uint64_t)world->requests, .completions = (uint64_t)world->completions,
                                  .entry_count = ENTRIES, .request_size = 8, .completion_size = 8, .is_server = as_server};
    return BH_OK;
}

enum bh_error bh_call_ring_accuse(bh_cap cap, uint64_t value, const char *what, size_t size, uint32_t epoch) {
    (void)value, (void)what, (void)size, (void)epoch;
    accused[cap]++;
    return BH_OK;
}

enum bh_error bh_call_ring_forward(bh_cap cap, bh_cap event) {
    forwarded[cap] = event;
    return BH_OK;
}

enum bh_error bh_event_create(bh_cap *event) {
    *event = 77;
    return BH_OK;
}

void bh_panic(const char *format, ...) {
    (void)format;
    abort();
}

enum bh_error bh_call_event_signal(bh_cap event) {
    (void)event;
    return BH_OK;
}

enum bh_error bh_event_wait(bh_cap event, uint64_t deadline_ns) {
    (void)deadline_ns;
    waits += event == 77;
    return BH_ETIMEDOUT;
}

static void add(uint32_t index, uint32_t priority, uint32_t burst) {
    char name[8];
    snprintf(name, sizeof(name), "%u", index);
    as_server = false;
    cr_assert_eq(bh_ring_attach(name, &clients[index]), BH_OK);
    as_server = true;
    cr_assert_eq(bh_ring_attach(name, &servers[index]), BH_OK);
    cr_assert_eq(bh_ring_set_add(&set, &servers[index], priority, burst), BH_OK);
    cr_assert_eq(forwarded[index], 77);
}

static void set_up(void) {
    cr_assert_eq(bh_ring_set_create(&set), BH_OK);
}

static bool submit(uint32_t index, uint64_t value) {
    uint32_t slot, slots[ENTRIES], count;
    enum bh_error statuses[ENTRIES];
    (void)bh_ring_complete_batch(&clients[index], ENTRIES, slots, statuses, NULL, &count);
    return bh_ring_submit(&clients[index], &value, &slot) == BH_OK;
}

// Take one and answer it; which ring it was, -1 for none.
static int serve(uint64_t *value) {
    struct bh_ring *ring;
    uint32_t slot;
    if (bh_ring_set_take(&set, &ring, &slot, value) != BH_OK)
        return -1;
    cr_assert_eq(bh_ring_finish(ring, slot, BH_OK, NULL), BH_OK);
    return (int)(ring - servers);
}

Test(ring_set, takes_by_priority_whatever_the_order_of_adding, .init = set_up) {
    uint64_t value;
    add(0, 3, 1);
    add(1, 0, 1);
    add(2, 1, 1);
    add(3, 0, 1);
    for (uint32_t i = 0; i < 4; i++)
        cr_assert(submit(i, i));
    int first = serve(&value), second = serve(&value);
    cr_assert(first + second == 4 && (first == 1 || first == 3), "%d, %d", first, second);
    cr_assert_eq(serve(&value), 2);
    cr_assert_eq(serve(&value), 0);
    cr_assert_eq(serve(&value), -1);
}

Test(ring_set, rings_of_one_priority_take_turns_by_their_bursts, .init = set_up) {
    uint64_t value;
    add(0, 1, 1);
    add(1, 1, 3);
    for (uint64_t i = 0; i < 20; i++)
        cr_assert(submit(0, i) && submit(1, i));
    int count[2] = {0};
    for (int i = 0; i < 12; i++)
        count[serve(&value)]++;
    cr_assert(count[0] == 3 && count[1] == 9, "%d, %d", count[0], count[1]);
}

Test(ring_set, refuses_what_it_cannot_hold, .init = set_up) {
    add(0, 0, 1);
    cr_assert_eq(bh_ring_set_add(&set, &servers[0], BH_RING_SET_PRIORITIES, 1), BH_EINVAL);
    cr_assert_eq(bh_ring_set_add(&set, &servers[0], 0, 0), BH_EINVAL);
    cr_assert_eq(bh_ring_set_add(&set, &clients[0], 0, 1), BH_EINVAL);
    while (set.count < BH_RING_SET_RINGS)
        cr_assert_eq(bh_ring_set_add(&set, &servers[0], set.count % 4, 1), BH_OK);
    cr_assert_eq(bh_ring_set_add(&set, &servers[0], 0, 1), BH_ENOSPC);
}

Test(ring_set, sleeps_only_when_no_ring_has_anything, .init = set_up) {
    uint64_t value;
    add(0, 0, 1);
    add(1, 2, 1);
    cr_assert_eq(bh_ring_set_wait(&set, 1), BH_OK); // what may be in the log
    cr_assert_eq(serve(&value), -1);
    cr_assert_eq(bh_ring_set_wait(&set, 1), BH_ETIMEDOUT);
    cr_assert_eq(waits, 1);
    cr_assert(submit(1, 1));
    cr_assert_eq(bh_ring_set_wait(&set, 1), BH_OK);
    cr_assert_eq(waits, 1);
}

Test(ring_set, a_client_that_lies_loses_its_turn_and_the_others_nothing, .init = set_up) {
    struct bh_ring *ring;
    uint64_t value;
    uint32_t slot, lies = 0;
    add(0, 0, 4);
    add(1, 0, 1);
    add(2, 2, 1);
    for (uint64_t i = 0; i < ENTRIES; i++)
        cr_assert(submit(1, i) && submit(2, i));
    uint64_t seen[3] = {0};
    for (int i = 0; i < 10000 && seen[1] + seen[2] < 2 * ENTRIES; i++) {
        struct bh_ring_requests *liar = (struct bh_ring_requests *)worlds[0].requests;
        liar->submit_tail += ENTRIES + 1 + (uint32_t)i % 3; // always something new
        enum bh_error error = bh_ring_set_take(&set, &ring, &slot, &value);
        if (error == BH_EPROTO) {
            cr_assert_eq(ring, &servers[0]);
            lies++;
            continue;
        }
        cr_assert_eq(error, BH_OK);
        uint64_t index = (uint64_t)(ring - servers);
        cr_assert_eq(value, seen[index]++);
        cr_assert_eq(bh_ring_finish(ring, slot, BH_OK, NULL), BH_OK);
    }
    cr_assert(seen[1] == ENTRIES && seen[2] == ENTRIES, "%llu, %llu", (unsigned long long)seen[1], (unsigned long long)seen[2]);
    cr_assert(lies > 0 && accused[0] == lies && servers[0].breaches == lies && !accused[1] && !accused[2]);
}

// All rings are kept full, or nearly, and at any moment the request at the head of each has waited for no more than the header's bound.
// Up to `most` at once.
static void expect_bound(const uint32_t priorities[RINGS], const uint32_t bursts[RINGS], unsigned seed, uint32_t most) {
    uint32_t waited[RINGS] = {0}, bound[RINGS];
    uint64_t next[RINGS] = {0}, seen[RINGS] = {0}, values[ENTRIES];
    srandom(seed);
    for (uint32_t i = 0; i < RINGS; i++) {
        add(i, priorities[i], bursts[i]);
        bound[i] = 1;
    }
    for (uint32_t i = 0; i < RINGS; i++) {
        for (uint32_t j = 0; j < RINGS; j++)
            bound[i] += j != i && priorities[j] == priorities[i] ? bursts[j] : 0;
        bound[i] *= 1 + BH_RING_SET_PATIENCE + BH_RING_SET_PRIORITIES;
    }
    for (int step = 0; step < 60000; step++) {
        for (uint32_t i = 0; i < RINGS; i++)
            while ((seed % 2 || random() % 4) && submit(i, next[i]))
                next[i]++;
        struct bh_ring *from;
        uint32_t slots[ENTRIES], count = 0;
        int ring = bh_ring_set_take_batch(&set, most, &from, slots, values, &count) == BH_OK ? (int)(from - servers) : -1;
        for (int i = 0; i < RINGS; i++) {
            waited[i] = i == ring || next[i] == seen[i] ? 0 : waited[i] + count;
            cr_assert_leq(waited[i], bound[i], "seed %u: ring %d of priority %u waits for %u, not %u", seed, i, priorities[i], waited[i], bound[i]);
        }
        for (uint32_t i = 0; i < count; i++)
            cr_assert_eq(values[i], seen[ring]++);
        cr_assert(!count || bh_ring_finish_batch(from, count, slots, NULL, NULL) == BH_OK);
    }
    for (int i = 0; i < RINGS; i++)
        cr_assert_gt(seen[i], 0);
}

Test(ring_set, nobody_waits_for_longer_than_the_bound_in_one_priority_each, .init = set_up) {
    expect_bound((uint32_t[RINGS]){0, 0, 0, 1, 1, 2, 2, 3, 3}, (uint32_t[RINGS]){1, 2, 3, 1, 8, 1, 1, 5, 5}, 1, 1);
}

Test(ring_set, nobody_waits_for_longer_than_the_bound_when_requests_come_and_go, .init = set_up) {
    expect_bound((uint32_t[RINGS]){0, 1, 3, 3, 3, 3, 3, 2, 0}, (uint32_t[RINGS]){16, 2, 1, 1, 1, 9, 4, 7, 1}, 2, 1);
}

Test(ring_set, nobody_waits_for_longer_than_the_bound_when_they_are_taken_in_batches, .init = set_up) {
    expect_bound((uint32_t[RINGS]){0, 0, 0, 1, 1, 2, 2, 3, 3}, (uint32_t[RINGS]){40, 2, 30, 1, 8, 16, 1, 5, 25}, 3, ENTRIES);
}

Test(ring_set, nobody_waits_for_longer_than_the_bound_when_batches_come_and_go, .init = set_up) {
    expect_bound((uint32_t[RINGS]){0, 1, 3, 3, 3, 3, 3, 2, 0}, (uint32_t[RINGS]){16, 2, 1, 64, 1, 9, 4, 7, 1}, 4, 24);
}
