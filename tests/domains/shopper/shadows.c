// SPDX-License-Identifier: MIT
//
// Shadows between us and the shop, as the scenario's manifest puts them there: what each mode does, what becomes of us when the shadow or the
// server dies, and shadows that come and go while we call.
#include "shopper.h"

#include <string.h>

#include "kernel.h"
#include "shadow.h"
#include "shop.h"
#include "tests/domains/expect.h"

static bh_cap shop, control;
static volatile uint32_t stop, running;

static uint32_t id_of(const char *name) {
    uint32_t id;
    EXPECT_OK(system_domain_find(system_cap, name, &id));
    return id;
}

static uint64_t calls_of(const char *name) {
    struct bh_domain_info info;
    EXPECT_OK(system_domain_info(system_cap, id_of(name), &info));
    return info.calls;
}

static void mode(const struct bh_shadow_settings *settings) {
    EXPECT_OK(shadow_set(control, settings));
}

static struct bh_shadow_report report(uint32_t number) {
    struct bh_shadow_report numbers;
    EXPECT_OK(shadow_report(control, number, &numbers));
    return numbers;
}

static void prepare(void) {
    struct bh_shadow_settings settings;
    uint32_t count;
    shop = find("shop");
    control = find("shop.shadow");
    for (int tries = 0; tries < 1000 && (shadow_settings(control, &settings) || shop_count(shop, &count)); tries++)
        bh_sleep_for(5000000);
}

enum { COUNT = 0, PAINT = 1, LATER = 10, FILL_TILL = 14, TILL = 15 };

// ---- modes

static void measured(void) {
    uint32_t count, seen = 0;
    mode(&(struct bh_shadow_settings){.mode = BH_SHADOW_MODE_MEASURE});
    EXPECT_OK(shadow_clear(control));
    for (int i = 0; i < 50; i++)
        EXPECT_OK(shop_count(shop, &count));
    EXPECT_ERROR(shop_paint(shop, BH_SHOP_COLOUR_BLUE, 0, true, &(uint8_t){0}), BH_SHOP_ERRORS_SOLD_OUT);
    struct bh_shadow_report numbers = report(COUNT);
    for (size_t i = 0; i < 48; i++)
        seen += numbers.histogram[i];
    EXPECT(strcmp(numbers.method, "count") == 0 && numbers.calls == 50 && !numbers.failed && seen == 50, "%llu calls, %u times", (unsigned long long)numbers.calls, seen);
    EXPECT(numbers.least > 0 && numbers.least <= numbers.most && numbers.ticks >= 50 * numbers.least, "%llu ticks", (unsigned long long)numbers.ticks);
    EXPECT(report(PAINT).failed == 1, "%llu calls failed", (unsigned long long)report(PAINT).failed);
    EXPECT(shadow_report(control, 16, &numbers) == BH_ENOENT, "there is a method 16");
}

static void fails_and_delays(void) {
    uint32_t count, failed = 0;
    mode(&(struct bh_shadow_settings){.mode = BH_SHADOW_MODE_INJECT, .faults = BH_SHADOW_FAULT_FAIL, .every = 5, .error = BH_EBUSY});
    for (int i = 0; i < 100; i++) {
        enum bh_error error = shop_count(shop, &count);
        EXPECT(!error || error == BH_EBUSY, "%d", error);
        failed += error != BH_OK;
    }
    EXPECT(failed == 20, "%u of 100 calls failed", failed);
    mode(&(struct bh_shadow_settings){.mode = BH_SHADOW_MODE_INJECT, .faults = BH_SHADOW_FAULT_DELAY, .every = 1, .delay_ns = 300000000, .method = COUNT,
                                      .method_present = true});
    uint64_t start = bh_time_ns();
    EXPECT_OK(shop_count(shop, &count));
    EXPECT(bh_time_ns() - start >= 300000000, "no delay");
    start = bh_time_ns();
    EXPECT_OK(shop_later(shop, &count));
    EXPECT(bh_time_ns() - start < 300000000, "another method is delayed, too");
}

// What is lost was done; what is flipped is wrong by one bit, and the same bit for the same seed.
static void loses_and_flips(void) {
    uint64_t before, after, flipped[2];
    EXPECT_OK(shop_till(shop, &before));
    mode(&(struct bh_shadow_settings){.mode = BH_SHADOW_MODE_INJECT, .faults = BH_SHADOW_FAULT_LOSE, .every = 1, .method = FILL_TILL, .method_present = true});
    EXPECT_ERROR(shop_fill_till(shop, 10), BH_EDEAD);
    EXPECT_OK(shop_till(shop, &after));
    EXPECT(after == before + 10, "%llu in the till", (unsigned long long)after);
    for (uint64_t i = 0; i < 2; i++) {
        mode(&(struct bh_shadow_settings){.mode = BH_SHADOW_MODE_INJECT, .faults = BH_SHADOW_FAULT_FLIP, .every = 1, .seed = 77 + i});
        mode(&(struct bh_shadow_settings){.mode = BH_SHADOW_MODE_INJECT, .faults = BH_SHADOW_FAULT_FLIP, .every = 1, .seed = 5});
        EXPECT_OK(shop_till(shop, &flipped[i]));
    }
    EXPECT(__builtin_popcountll(flipped[0] ^ after) == 1, "%llx instead of %llx", (unsigned long long)flipped[0], (unsigned long long)after);
}

static void contracts(void) {
    uint64_t before, after;
    mode(&(struct bh_shadow_settings){.mode = BH_SHADOW_MODE_CHECK});
    EXPECT_OK(shadow_clear(control));
    EXPECT_OK(shop_till(shop, &before));
    EXPECT_ERROR(shop_fill_till(shop, 0), BH_EINVAL);
    EXPECT_ERROR(shop_fill_till(shop, 1001), BH_EINVAL);
    EXPECT_OK(shop_fill_till(shop, 1000));
    EXPECT_OK(shop_till(shop, &after));
    EXPECT(after == before + 1000, "a call that breaks its contract reached the server");
    mode(&(struct bh_shadow_settings){0});
    for (int i = 0; i < 1000; i++)
        EXPECT_OK(shop_fill_till(shop, 1000)); // more than till() may answer with
    mode(&(struct bh_shadow_settings){.mode = BH_SHADOW_MODE_CHECK});
    EXPECT_ERROR(shop_till(shop, &after), BH_EPROTO);
    EXPECT(report(FILL_TILL).broken == 2 && report(TILL).broken == 1, "%llu and %llu broken contracts", (unsigned long long)report(FILL_TILL).broken,
           (unsigned long long)report(TILL).broken);
    EXPECT_ERROR(shadow_set(control, &(struct bh_shadow_settings){.error = 1}), BH_EINVAL);
}

void shadow_modes(void) {
    prepare();
    measured();
    fails_and_delays();
    loses_and_flips();
    contracts();
}

// ---- replay

static void kill_and_restart(uint64_t times) {
    uint32_t id = id_of("shop");
    for (; times; times--) {
        EXPECT_OK(system_kill(system_cap, id));
        bh_sleep_for(3000000);
        EXPECT_OK(system_restart(system_cap, id));
        bh_sleep_for(7000000);
    }
    running = 0;
    bh_thread_exit();
}

// The till of a new shop is empty: that it is not is the shadow's doing.
void shadow_replays(void) {
    uint64_t amount, filled = 0, rounds = 0;
    uint32_t value;
    prepare();
    mode(&(struct bh_shadow_settings){.mode = BH_SHADOW_MODE_REPLAY, .wait_ns = 20000000000});
    for (int i = 0; i < 3; i++, filled += 100)
        EXPECT_OK(shop_fill_till(shop, 100));
    running = 1;
    EXPECT_OK(bh_thread_create(kill_and_restart, 10, 2));
    for (; running; rounds++) {
        EXPECT_OK(shop_till(shop, &amount));
        EXPECT(amount == filled, "%llu in the till after %llu rounds, %llu were put in", (unsigned long long)amount, (unsigned long long)rounds,
               (unsigned long long)filled);
        EXPECT_OK(shop_count(shop, &value));
        bh_yield();
    }
    EXPECT(report(FILL_TILL).repeated >= 3, "%llu calls were repeated", (unsigned long long)report(FILL_TILL).repeated);
    mode(&(struct bh_shadow_settings){.mode = BH_SHADOW_MODE_REPLAY, .wait_ns = 20000000});
    EXPECT_OK(system_kill(system_cap, id_of("shop")));
    EXPECT_ERROR(shop_count(shop, &value), BH_EDEAD); // nobody restarts it in time
}

// ---- death

static void call_on(uint64_t) {
    uint32_t count, later;
    while (!stop) {
        enum bh_error error = shop_count(shop, &count);
        EXPECT(!error || error == BH_EDEAD, "%d", error);
        error = shop_later(shop, &later);
        EXPECT(!error || error == BH_EDEAD, "%d", error);
        bh_yield();
    }
    __atomic_sub_fetch(&running, 1, __ATOMIC_RELAXED);
    bh_thread_exit();
}

void shadow_dies(void) {
    uint32_t count, id;
    prepare();
    id = id_of("shop.shadow");
    EXPECT_OK(system_kill(system_cap, id));
    uint64_t before = calls_of("shop.shadow"), served = calls_of("shop");
    for (int i = 0; i < 10; i++)
        EXPECT_OK(shop_count(shop, &count)); // past it
    EXPECT(calls_of("shop.shadow") == before && calls_of("shop") == served + 10, "%llu calls of the dead", (unsigned long long)(calls_of("shop.shadow") - before));
    running = 2;
    for (int i = 0; i < 2; i++)
        EXPECT_OK(bh_thread_create(call_on, 0, 2));
    for (int i = 0; i < 20; i++) {
        EXPECT_OK(system_restart(system_cap, id));
        for (before = calls_of("shop.shadow"); calls_of("shop.shadow") < before + 5;)
            bh_sleep_for(1000000); // through it again
        EXPECT_OK(system_kill(system_cap, id));
    }
    stop = 1;
    while (running)
        bh_sleep_for(1000000);
    EXPECT_OK(shop_count(shop, &count));
}

// ---- live

static uint32_t number_of(uint32_t id, const char *name, char port[32]) {
    struct bh_held_cap held;
    for (uint32_t from = 0; system_cap_info(system_cap, id, from, &held) == BH_OK; from = held.number + 1)
        if (strcmp(held.name, name) == 0) {
            memcpy(port, held.object_name, 32);
            return held.number;
        }
    fail(__FILE__, __LINE__, "no capability %s", name);
}

static void expect_leads(bh_cap cap, const char *port) {
    struct bh_cap_info info;
    EXPECT_OK(bh_cap_list(cap, &info));
    EXPECT(info.index == cap && strcmp(info.object_name, port) == 0, "capability %u leads to %s, not %s", cap, info.object_name, port);
}

static void call_always(uint64_t) {
    uint32_t count;
    while (!stop) {
        EXPECT_OK(shop_count(shop, &count));
        bh_yield();
    }
    __atomic_sub_fetch(&running, 1, __ATOMIC_RELAXED);
    bh_thread_exit();
}

void shadow_comes_and_goes(void) {
    char port[32];
    bh_cap derived, badged;
    uint32_t own, other, count;
    prepare();
    own = id_of("shopper");
    EXPECT_OK(bh_cap_derive(shop, BH_RIGHT_CALL | BH_RIGHT_GRANT, &derived));
    EXPECT_OK(bh_cap_derive_badged(derived, BH_RIGHT_CALL, 12, &badged));
    expect_leads(badged, "shop");
    stop = 0;
    running = 2;
    for (int i = 0; i < 2; i++)
        EXPECT_OK(bh_thread_create(call_always, 0, 2));
    for (int i = 0; i < 200; i++) {
        bool on = i % 2 == 0;
        EXPECT_OK(system_interpose(system_cap, own, number_of(own, "shop", port), on));
        expect_leads(shop, on ? "shop.shadow" : "shop");
        expect_leads(badged, on ? "shop.shadow" : "shop");
        uint64_t before = calls_of("shop.shadow");
        EXPECT_OK(shop_count(badged, &count));
        if (on)
            EXPECT(calls_of("shop.shadow") > before, "the call went past the shadow");
        if (i % 16 == 0)
            bh_sleep_for(1000000);
    }
    stop = 1;
    while (running)
        bh_sleep_for(1000000);
    EXPECT_ERROR(system_interpose(system_cap, own, number_of(own, "system", port), true), BH_ENOENT);
    EXPECT_ERROR(system_interpose(system_cap, own, number_of(own, "locker", port), true), BH_ENOENT);
    EXPECT_ERROR(system_interpose(system_cap, own, 4000, true), BH_ECAP);
    EXPECT_ERROR(system_interpose(system_cap, 62, 1, true), BH_ENOENT);
    other = id_of("shop.shadow");
    EXPECT_ERROR(system_interpose(system_cap, other, number_of(other, "target", port), true), BH_EINVAL);
    EXPECT_OK(bh_cap_drop(derived));
}
