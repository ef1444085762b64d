// SPDX-License-Identifier: MIT
//
// Capabilities as results: what the locker is meant to answer with, and what its types do not allow, which leaves nothing in our table.
#include "shopper.h"

#include <string.h>

#include "kernel.h"
#include "locker.h"
#include "tests/domains/expect.h"

static uint32_t held_by(const char *name) {
    struct bh_domain_info info;
    uint32_t id;
    EXPECT_OK(system_domain_find(system_cap, name, &id));
    EXPECT_OK(system_domain_info(system_cap, id, &info));
    return info.caps;
}

static struct bh_held_cap entry_of(bh_cap cap) {
    struct bh_held_cap held;
    uint32_t id;
    EXPECT_OK(system_domain_find(system_cap, "shopper", &id));
    EXPECT_OK(system_cap_info(system_cap, id, cap, &held));
    EXPECT(held.number == cap, "there is no capability %u", cap);
    return held;
}

static void events(bh_cap locker) {
    bh_cap done = BH_CAP_NONE;
    EXPECT_OK(locker_opened(locker, 0, &done));
    EXPECT_OK(bh_event_wait(done, bh_time_ns() + 1000000000));
    EXPECT_ERROR(bh_event_signal(done), BH_ERIGHTS);
    EXPECT_OK(bh_cap_drop(done));
}

static void shared(bh_cap locker, bh_cap numbers) {
    static struct bh_ring ring;
    struct bh_shop_sample *sample;
    uint64_t count;
    uint32_t entries;
    void *address;
    bh_cap queue, page;
    EXPECT_OK(locker_orders(locker, 0, &entries, &queue));
    EXPECT_OK(bh_ring_attach_cap(queue, &ring));
    EXPECT(entries == 4 && ring.info.type == BH_SHOP_ORDERS_TYPE, "%u entries", entries);
    EXPECT_OK(bh_cap_drop(queue));
    EXPECT_OK(locker_samples(locker, 0, numbers, &page));
    EXPECT_OK(locker_samples_open_page(page, BH_RIGHT_READ, &sample, &count));
    EXPECT(count == 512 && sample[3].left == 3 && sample[3].right == -3, "%llu samples", (unsigned long long)count);
    EXPECT(bh_buffer_map(page, BH_RIGHT_READ | BH_RIGHT_WRITE, &address) == BH_ERIGHTS, "the page can be written");
    EXPECT_OK(bh_cap_drop(page));
}

static void sessions(bh_cap locker) {
    uint32_t count;
    bh_cap counter;
    EXPECT_OK(locker_shop(locker, 77, &counter));
    EXPECT_OK(shop_count(counter, &count));
    EXPECT(entry_of(counter).badge == 77, "the badge is %u", entry_of(counter).badge);
    EXPECT_OK(bh_cap_drop(counter));
}

static void hostile(bh_cap locker, bh_cap numbers) {
    bh_cap cap = 12345;
    uint32_t entries;
    for (uint32_t how = 1; how <= 6; how++)
        EXPECT_ERROR(locker_opened(locker, how, &cap), BH_EPROTO);
    EXPECT_ERROR(locker_opened(locker, 7, &cap), BH_EBUSY);
    EXPECT_ERROR(locker_orders(locker, 1, &entries, &cap), BH_EPROTO);
    EXPECT_ERROR(locker_samples(locker, 1, numbers, &cap), BH_EPROTO);
    EXPECT_ERROR(locker_samples(locker, 2, numbers, &cap), BH_EPROTO);
    EXPECT_ERROR(locker_samples(locker, 3, numbers, &cap), BH_EBUSY);
    EXPECT_ERROR(locker_shop(locker, 0, &cap), BH_EINVAL);
    EXPECT(cap == 12345, "a failed call wrote %u", cap);
}

// The manifest gives `badged' the number 4000000000.
static void granted_badge(void) {
    bh_cap badged = find("badged"), other;
    uint32_t number;
    EXPECT_OK(locker_badge(find("locker"), &number));
    EXPECT(number == 0, "the badge is %u", number);
    EXPECT_OK(locker_badge(badged, &number));
    EXPECT(number == 4000000000, "the badge is %u", number);
    EXPECT_ERROR(bh_cap_derive_badged(badged, BH_RIGHT_CALL, 1, &other), BH_ERIGHTS);
}

// A restart keeps it, and what the instance before had given up has it again.
static void restarted_badge(uint32_t id) {
    struct bh_held_cap held = {0};
    EXPECT_OK(system_restart(system_cap, id));
    for (uint32_t from = 0; strcmp(held.name, "badged") != 0; from = held.number + 1)
        EXPECT_OK(system_cap_info(system_cap, id, from, &held));
    EXPECT(held.badge == 9, "after the restart the badge is %u", held.badge);
}

// Whoever died in the call gets nothing, and the next instance of it finds its table as it was at first.
static void dead_caller(bh_cap locker) {
    bh_cap done;
    uint32_t before = held_by("bystander"), id;
    struct bh_domain_info info;
    EXPECT_OK(system_domain_find(system_cap, "bystander", &id));
    EXPECT_OK(system_kill(system_cap, id)); // inside locker_slowly()
    bh_sleep_for(500000000);
    EXPECT(held_by("bystander") == before, "the dead hold %u", held_by("bystander"));
    EXPECT_OK(locker_slowly(locker, 0, &done));
    EXPECT_OK(bh_cap_drop(done));
    EXPECT_OK(system_domain_info(system_cap, id, &info));
    EXPECT(info.state == BH_DOMAIN_STATE_DEAD, "the bystander is in state %u", info.state);
    restarted_badge(id);
}

// No room in our own table.
static void full_table(bh_cap locker) {
    bh_cap event, last = BH_CAP_NONE, done;
    EXPECT_OK(bh_event_create(&event));
    while (bh_cap_derive(event, BH_RIGHT_WAIT, &done) == BH_OK)
        last = done;
    EXPECT_ERROR(locker_opened(locker, 0, &done), BH_EQUOTA);
    EXPECT_OK(bh_cap_drop(last));
    EXPECT_OK(locker_opened(locker, 0, &done));
    EXPECT_OK(bh_cap_revoke(event));
    EXPECT_OK(bh_cap_drop(event));
}

void answers(void) {
    bh_cap locker = find("locker"), numbers;
    void *address;
    for (int tries = 0; tries < 1000 && locker_badge(locker, &(uint32_t){0}); tries++)
        bh_sleep_for(5000000); // it opens after the shop
    EXPECT_OK(bh_buffer_alloc(4096, &numbers, &address));
    for (uint32_t i = 0; i < 1024; i++)
        ((uint32_t *)address)[i] = i;
    shared(locker, numbers); // keeps the ring's events
    uint32_t before = held_by("shopper");
    events(locker);
    sessions(locker);
    hostile(locker, numbers);
    EXPECT(held_by("shopper") == before, "%u capabilities, it were %u", held_by("shopper"), before);
    granted_badge();
    dead_caller(locker);
    full_table(locker);
}

void die_in_locker(void) {
    bh_cap done;
    (void)bh_cap_drop(find("badged"));
    (void)locker_slowly(find("locker"), 300000000, &done);
    bh_thread_exit();
}
