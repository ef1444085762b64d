// SPDX-License-Identifier: MIT
//
// Everything at once: several threads call, lend, move, share and crash at random while one restarts whatever died. Whatever a call says it
// did must be right, and when the storm is over nothing may be missing.
#include "conductor.h"

#include <string.h>

#include "tests/domains/victim/misbehave.h"

#define WORKERS 5
#define DURATION_NS (2500 * MS)
#define LONGEST_NS (40000 * MS)

static volatile bool over;
static bh_cap buffer_turn;
static volatile uint32_t workers_left, calls_made, calls_done;
static const struct victim *const victims[] = {&a, &b, &c};

uint32_t draw(uint64_t *random, uint32_t limit) {
    *random = *random * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*random >> 33) % limit;
}

// Mostly none.
static uint32_t some_kind(uint64_t *random) {
    static const uint32_t kinds[] = {BH_INJECT_NULL, BH_INJECT_WILD_SLOT, BH_INJECT_UNDEFINED, BH_INJECT_DIVIDE, BH_INJECT_CONTROL_STACK,
                                     BH_INJECT_DATA_STACK, BH_INJECT_PANIC, MISBEHAVE_NULL_IN, MISBEHAVE_READ_ONLY_OUT, MISBEHAVE_BYTES_PAST_END,
                                     MISBEHAVE_NO_STACK, MISBEHAVE_SERVE_LESS, MISBEHAVE_NOT_IMPORTED, MISBEHAVE_DERIVE_DEEP,
                                     MISBEHAVE_MOVE_AND_TOUCH, MISBEHAVE_LEND_SLOWLY, MISBEHAVE_SHARE_AND_DIE, MISBEHAVE_STACK_ASTRAY,
                                     MISBEHAVE_NUMBERS};
    return draw(random, 4) ? 0 : kinds[draw(random, sizeof(kinds) / sizeof(*kinds))];
}

static enum bh_error relay(const struct victim *victim, uint64_t *random) {
    uint32_t depth = draw(random, 7), kind = some_kind(random);
    uint64_t value = 0, start = draw(random, 1000);
    enum bh_error error = victim_relay(victim->port, depth, kind, start, &value);
    EXPECT(error || kind || value == start + depth + 1, "relay of depth %u gave %llu for %llu", depth, (unsigned long long)value,
           (unsigned long long)start);
    return error;
}

static enum bh_error carry(const struct victim *victim, uint64_t *random) {
    uint8_t data[600], back[700];
    uint32_t size = draw(random, 600), got = 0;
    memset(data, (int)size, sizeof(data));
    enum bh_error error = victim_reverse(victim->port, data, size, back, &got);
    EXPECT(error || got == size, "%u bytes came back as %u", size, got);
    for (uint32_t i = 0; !error && i < size; i++)
        EXPECT(back[i] == (uint8_t)size, "byte %u of %u", i, size);
    return error;
}

// Is it ours still, or was it moved before the receiver died?
static bool still_ours(bh_cap buffer) {
    struct bh_buffer_info info;
    return bh_buffer_info(buffer, &info) == BH_OK;
}

static enum bh_error use_buffer(const struct victim *victim, uint64_t *random) {
    bh_cap buffer;
    void *address;
    uint64_t result = 0;
    enum bh_error error = bh_buffer_alloc(4096 * (1 + draw(random, 4)), &buffer, &address);
    if (error)
        return error;
    uint8_t value = (uint8_t)draw(random, 255);
    memset(address, value, 4096);
    switch (draw(random, 3)) {
    case 0:
        error = victim_fill(victim->port, buffer, value, draw(random, 3) ? 0 : BH_INJECT_UNDEFINED);
        EXPECT(((volatile uint8_t *)address)[4095] == value, "a lent buffer came back wrong");
        break;
    case 1:
        error = victim_take(victim->port, buffer, &result);
        if (!error)
            return victim_forget(victim->port);
        if (!still_ours(buffer))
            return error;
        break;
    default:
        error = victim_keep(victim->port, buffer, BH_RIGHT_READ, &result);
        EXPECT(((volatile uint8_t *)address)[0] == value, "a shared buffer changed");
        break;
    }
    EXPECT_OK(bh_cap_revoke(buffer));
    EXPECT_OK(bh_cap_drop(buffer));
    return error;
}

static enum bh_error pass_capabilities(const struct victim *victim, uint64_t *random) {
    bh_cap event;
    uint64_t same = 0;
    enum bh_error error;
    if (draw(random, 2)) {
        error = victim_echo_through(victim->port, victims[draw(random, 3)]->port, 9, &same);
        EXPECT(error || same == 9, "echo through gave %llu", (unsigned long long)same);
        return error;
    }
    error = bh_event_create(&event);
    if (!error) {
        error = draw(random, 2) ? victim_two_caps(victim->port, event, event) : victim_two_caps(victim->port, event, a.port);
        (void)bh_cap_drop(event);
    }
    return error;
}

static void worker(uint64_t random) {
    while (!over) {
        const struct victim *victim = victims[draw(&random, 3)];
        enum bh_error error;
        switch (draw(&random, 5)) {
        case 0: error = carry(victim, &random); break;
        case 1:
            // One at a time, since the number of a capability that went with a buffer may be used again.
            EXPECT_OK(bh_event_wait(buffer_turn, 0));
            error = use_buffer(victim, &random);
            EXPECT_OK(bh_event_signal(buffer_turn));
            break;
        case 2: error = pass_capabilities(victim, &random); break;
        default: error = relay(victim, &random); break;
        }
        __atomic_add_fetch(&calls_made, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&calls_done, !error, __ATOMIC_RELAXED);
        if (draw(&random, 8) == 0)
            bh_sleep_for(MS / 10);
    }
    __atomic_sub_fetch(&workers_left, 1, __ATOMIC_RELAXED);
    bh_thread_exit();
}

static void restart_the_dead(void) {
    for (int i = 0; i < 3; i++)
        if (info_of(victims[i]).state != BH_DOMAIN_STATE_RUNNING)
            EXPECT_OK(system_restart(system_cap, victims[i]->id));
}

static void calm_down(void) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    over = true;
    while (workers_left) {
        EXPECT(bh_time_ns() < deadline, "%u threads hang", workers_left);
        restart_the_dead();
        bh_sleep_for(MS);
    }
}

void restart_all(void) {
    struct bh_crash_info crash;
    for (int i = 0; i < 3; i++) {
        if (info_of(victims[i]).state == BH_DOMAIN_STATE_RUNNING)
            EXPECT_OK(system_kill(system_cap, victims[i]->id));
        wait_for_death(victims[i], &crash);
    }
    for (int i = 0; i < 3; i++)
        revive(victims[i]);
    bh_sleep_for(5 * MS);
}

// A busy host gives us little of its time, so it may take a while.
static bool too_calm(void) {
    return calls_done <= 500 || info_of(&b).restarts <= 20;
}

void storm(void) {
    restart_all();
    struct bh_memory_info before = memory_now();
    uint64_t end = bh_time_ns() + DURATION_NS;
    EXPECT_OK(bh_event_create(&buffer_turn));
    EXPECT_OK(bh_event_signal(buffer_turn));
    workers_left = WORKERS;
    for (uint64_t i = 0; i < WORKERS; i++)
        EXPECT_OK(bh_thread_create(worker, 1 + i * 77, 2));
    while (bh_time_ns() < end || (too_calm() && bh_time_ns() < end + LONGEST_NS)) {
        bh_sleep_for(MS / 2);
        restart_the_dead();
    }
    calm_down();
    EXPECT_OK(bh_cap_drop(buffer_turn));
    bh_info("%u calls, %u succeeded, restarts %u, %u, %u", calls_made, calls_done, info_of(&a).restarts, info_of(&b).restarts, info_of(&c).restarts);
    EXPECT(!too_calm(), "too calm");
    end_without_leak(&before);
}
