// SPDX-License-Identifier: MIT
//
// A domain with several threads against itself and the kernel (tests/domains/victim/race.c): what is checked is what others see. Whoever it
// calls goes on and finds its arguments unchanged, nothing leaks, and it serves again after its restart. The same on one processor and on several.
#include "conductor.h"

#include "tests/domains/victim/misbehave.h"

#define DURATION_MS 150
#define RESTARTS 25
#define ROUNDS_MIN 40

// Let a victim race for that long; how many rounds it made. It may die of it.
static enum bh_error let_race(const struct victim *victim, enum misbehaviour kind, uint64_t duration_ms, uint64_t *rounds) {
    *rounds = 0;
    return victim_relay(victim->port, 0, kind, duration_ms, rounds);
}

static void expect_unharmed(const struct victim *victim) {
    struct bh_domain_info info = info_of(victim);
    struct bh_crash_info crash = {0};
    (void)system_crash_info(system_cap, victim->id, &crash);
    EXPECT(info.state == BH_DOMAIN_STATE_RUNNING && !info.restarts, "%s died: %s", victim->name, crash.text);
    expect_serves(victim);
}

// It holds to the end: the attacker does nothing that it must die of. A busy host lets it make few rounds at a time, and has patience instead.
static void race_and_live(const struct victim *victim, enum misbehaviour kind) {
    uint64_t rounds, all = 0, deadline = bh_time_ns() + 12 * PATIENCE_NS;
    while (all < ROUNDS_MIN && bh_time_ns() < deadline) {
        EXPECT_OK(let_race(victim, kind, DURATION_MS, &rounds));
        all += rounds;
    }
    EXPECT(all >= ROUNDS_MIN, "only %llu rounds", (unsigned long long)all);
    bh_info("%llu rounds", (unsigned long long)all);
}

void race_arguments(void) {
    race_and_live(&a, RACE_ARGUMENTS);
    expect_unharmed(&b);
    race_and_live(&c, RACE_ARGUMENTS); // of the other colour; it calls a
    expect_unharmed(&a);
}

void race_lend(void) {
    restart_all();
    struct bh_memory_info before = memory_now();
    race_and_live(&a, RACE_LEND);
    EXPECT(info_of(&b).state == BH_DOMAIN_STATE_RUNNING && info_of(&b).restarts == 1, "the borrower died");
    end_without_leak(&before);
}

void race_caps(void) {
    restart_all();
    struct bh_memory_info before = memory_now();
    race_and_live(&a, RACE_CAPS);
    EXPECT(info_of(&b).state == BH_DOMAIN_STATE_RUNNING && info_of(&b).restarts == 1, "the server died");
    end_without_leak(&before);
}

// A server is never called with a badge that its caller has for another.
void race_badges(void) {
    restart_all();
    struct bh_memory_info before = memory_now();
    race_and_live(&a, RACE_BADGES);
    EXPECT(info_of(&a).restarts == 1 && info_of(&b).restarts == 1 && info_of(&c).restarts == 1, "somebody died");
    end_without_leak(&before);
}

// The attacker dies, mostly, of a fault of its own; else it is killed. At least so many times of the first kind.
static void race_to_death(enum misbehaviour kind, uint32_t times, uint64_t duration_ms, uint32_t least) {
    uint32_t deaths = 0;
    uint64_t rounds;
    restart_all();
    struct bh_memory_info before = memory_now();
    for (uint32_t i = 0; i < times || (deaths < least && i < 5 * times); i++) {
        enum bh_error error = let_race(&a, kind, duration_ms, &rounds);
        EXPECT(error == BH_OK || error == BH_EDEAD, "race %u: %d", kind, error);
        deaths += error == BH_EDEAD;
        if (error == BH_OK)
            EXPECT_OK(system_kill(system_cap, a.id));
        revive(&a);
        expect_serves(&b);
        EXPECT(info_of(&b).restarts == 1 && info_of(&c).restarts == 1, "somebody else died");
    }
    end_without_leak(&before);
    bh_info("%u deaths", deaths);
    EXPECT(deaths >= least, "it hardly ever died");
}

void race_unmap(void) {
    race_to_death(RACE_UNMAP, 15, 30, 4);
}

void race_scribble(void) {
    race_to_death(RACE_SCRIBBLE, 15, 20, 0);
}

static volatile uint32_t killer_over;

static void killer(uint64_t unused) {
    uint64_t seed = 17;
    (void)unused;
    while (!killer_over) {
        bh_sleep_for(draw(&seed, 3000) * 1000);
        if (info_of(&a).state == BH_DOMAIN_STATE_RUNNING)
            (void)system_kill(system_cap, a.id);
    }
    killer_over = 2;
    bh_thread_exit();
}

// Threads come and go while the domain is killed at any moment.
void race_threads(void) {
    uint64_t rounds, deadline = bh_time_ns() + 6 * PATIENCE_NS; // a busy host emulates slowly
    restart_all();
    bh_sleep_for(5 * MS);
    struct bh_memory_info before = memory_now();
    EXPECT_OK(bh_thread_create(killer, 0, 2));
    while (info_of(&a).restarts < RESTARTS) {
        if (let_race(&a, RACE_THREADS, 5, &rounds) == BH_EDEAD)
            bh_sleep_for(MS / 8); // dead, or not serving yet
        if (info_of(&a).state != BH_DOMAIN_STATE_RUNNING)
            (void)system_restart(system_cap, a.id);
        EXPECT(bh_time_ns() < deadline, "it takes too long");
    }
    killer_over = 1;
    while (killer_over != 2)
        bh_sleep_for(MS);
    if (info_of(&a).state != BH_DOMAIN_STATE_RUNNING)
        EXPECT_OK(system_restart(system_cap, a.id));
    bh_sleep_for(10 * MS); // threads of the last instances end
    end_without_leak(&before);
    EXPECT(info_of(&b).restarts == 2 && info_of(&c).restarts == 2, "somebody else died");
}

static volatile uint32_t server_over;

static void server(uint64_t unused) {
    uint64_t rounds;
    (void)unused;
    EXPECT_OK(let_race(&a, RACE_SERVE, DURATION_MS, &rounds));
    bh_info("%llu rounds", (unsigned long long)rounds);
    server_over = 1;
    bh_thread_exit();
}

// A port that is served anew all the time is called: each call meets one offer whole.
void race_serve(void) {
    uint64_t same, refused = 0, answered = 0, deadline = bh_time_ns() + PATIENCE_NS;
    EXPECT_OK(bh_thread_create(server, 0, 2));
    while (!server_over || (!(refused && answered) && bh_time_ns() < deadline)) {
        if (server_over) { // we had no processor at the right moments
            server_over = 0;
            EXPECT_OK(bh_thread_create(server, 0, 2));
        }
        enum bh_error error = victim_echo(a.port, 5, &same);
        EXPECT((error == BH_OK && same == 5) || error == BH_EAGAIN, "echo: %d, %llu", error, (unsigned long long)same);
        refused += error == BH_EAGAIN;
        answered += !error;
        bh_yield();
    }
    EXPECT(refused && answered, "%llu refused, %llu answered", (unsigned long long)refused, (unsigned long long)answered);
    expect_unharmed(&a);
}

// The server of a ring whose client writes anything into its pages goes on, and serves others.
void race_ring(void) {
    race_and_live(&c, RACE_RING);
    expect_unharmed(&b);
    expect_unharmed(&c);
}

static volatile enum bh_error device_result;
static volatile uint32_t device_over;

static void driver(uint64_t unused) {
    uint64_t rounds;
    (void)unused;
    device_result = let_race(&a, RACE_DEVICE, 30, &rounds);
    device_over = 1;
    bh_thread_exit();
}

// A driver with several threads takes what its device gives until it is killed: windows, DMA memory and interrupts go back.
void device_race(void) {
    restart_all();
    bh_sleep_for(5 * MS);
    struct bh_memory_info before = memory_now();
    for (uint32_t i = 0; i < 12; i++) {
        uint64_t deadline = bh_time_ns() + PATIENCE_NS;
        device_over = 0;
        EXPECT_OK(bh_thread_create(driver, 0, 2));
        bh_sleep_for((i % 4) * 12 * MS);
        EXPECT_OK(system_kill(system_cap, a.id));
        while (!device_over) {
            EXPECT(bh_time_ns() < deadline, "the driver's caller does not come back");
            bh_sleep_for(MS);
        }
        EXPECT(device_result == BH_OK || device_result == BH_EDEAD, "the driver: %d", device_result);
        revive(&a);
        expect_serves(&b);
    }
    bh_sleep_for(5 * MS);
    end_without_leak(&before);
    EXPECT(info_of(&b).restarts == 2 && info_of(&c).restarts == 2, "somebody else died");
}
