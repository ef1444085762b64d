// SPDX-License-Identifier: MIT
//
// Several processors: threads of one domain on all of them at once, memory that is taken away under a thread that runs elsewhere, death and
// watchdog wherever a thread is. With one processor the same holds, by turns.
#include "conductor.h"

#include <string.h>

#include "tests/domains/victim/misbehave.h"

#define CPUS_MAX 16
#define MEASURED_NS (200 * MS)
#define KILLS 20
#define WATCHES 30

static struct bh_cpu_info before[CPUS_MAX];

uint32_t processors(void) {
    struct bh_cpu_info info;
    uint32_t count = 0;
    while (system_cpu_info(system_cap, count, &info) == BH_OK)
        count++;
    EXPECT(count >= 1 && count <= CPUS_MAX, "%u processors", count);
    return count;
}

static void measure(uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        EXPECT_OK(system_cpu_info(system_cap, i, &before[i]));
}

static uint64_t busy_since(uint32_t index) {
    struct bh_cpu_info info;
    EXPECT_OK(system_cpu_info(system_cap, index, &info));
    return info.busy_ns - before[index].busy_ns;
}

// ---- all work --------------------------------------------------------------------------------------------------------------------------

static volatile bool halfway, finished;
static uint32_t running, left;

static void spinner(uint64_t ends_early) {
    __atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
    while (!finished && !(ends_early && halfway))
        ;
    __atomic_sub_fetch(&left, 1, __ATOMIC_SEQ_CST);
    bh_thread_exit();
}

void occupy(uint32_t count) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    running = 0;
    finished = false;
    left += count;
    for (uint32_t i = 0; i < count; i++)
        EXPECT_OK(bh_thread_create(spinner, 0, 1));
    while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) < count)
        EXPECT(bh_time_ns() < deadline, "%u of %u threads run", running, count);
}

void vacate(void) {
    uint64_t deadline = bh_time_ns() + PATIENCE_NS;
    for (finished = true; __atomic_load_n(&left, __ATOMIC_SEQ_CST); bh_sleep_for(MS))
        EXPECT(bh_time_ns() < deadline, "%u threads do not end", left);
}

static void expect_all_busy(uint32_t count) {
    uint64_t start = bh_time_ns();
    measure(count);
    while (bh_time_ns() < start + MEASURED_NS)
        bh_sleep_for(MEASURED_NS);
    for (uint32_t i = 0; i < count; i++)
        EXPECT(busy_since(i) > MEASURED_NS / 2, "processor %u was busy for %llu of %llu ms", i, (unsigned long long)(busy_since(i) / MS), MEASURED_NS / MS);
}

// Two threads each; then those of half of the processors end, and these take over from the others.
void processors_all_work(void) {
    uint32_t count = processors();
    struct bh_cpu_info info;
    uint64_t stolen = 0;
    EXPECT_ERROR(system_cpu_info(system_cap, count, &info), BH_ENOENT);
    left = 2 * count;
    for (uint32_t i = 0; i < 2 * count; i++)
        EXPECT_OK(bh_thread_create(spinner, i % count < count / 2, 2));
    expect_all_busy(count);
    halfway = true;
    bh_sleep_for(20 * MS);
    expect_all_busy(count);
    for (uint32_t i = 0; i < count; i++) {
        EXPECT_OK(system_cpu_info(system_cap, i, &info));
        stolen += info.steals;
        EXPECT(info.switches > 0, "processor %u has not switched", i);
    }
    EXPECT(count == 1 ? !stolen : stolen > 0, "%llu steals", (unsigned long long)stolen);
    vacate();
}

// ---- death -----------------------------------------------------------------------------------------------------------------------------

static uint32_t inside, came_back, told;

static void visitor(uint64_t kind) {
    uint64_t value;
    __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
    enum bh_error error = victim_relay(a.port, kind ? 1 : 0, BH_INJECT_LOOP, 0, &value);
    __atomic_add_fetch(&told, error == BH_EDEAD, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&came_back, 1, __ATOMIC_SEQ_CST);
    bh_thread_exit();
}

// `count` threads in endless loops in a, or in b by way of a.
static void visit(uint32_t count, uint64_t by_way) {
    inside = came_back = told = 0;
    for (uint32_t i = 0; i < count; i++)
        EXPECT_OK(bh_thread_create(visitor, by_way, 2));
    for (uint64_t deadline = bh_time_ns() + PATIENCE_NS; __atomic_load_n(&inside, __ATOMIC_SEQ_CST) < count; bh_sleep_for(MS / 10))
        EXPECT(bh_time_ns() < deadline, "%u of %u threads call", inside, count);
}

static void expect_all_back(uint32_t count) {
    for (uint64_t deadline = bh_time_ns() + PATIENCE_NS; __atomic_load_n(&came_back, __ATOMIC_SEQ_CST) < count; bh_sleep_for(MS / 10))
        EXPECT(bh_time_ns() < deadline, "%u of %u callers came back", came_back, count);
    EXPECT(told == count, "%u of %u callers were told", told, count);
}

// A domain is killed while threads compute in it on every processor: each is back in its caller, none goes on inside.
void processors_kill(void) {
    struct bh_crash_info crash;
    uint32_t count = processors() + 2, killed = 0;
    restart_all();
    struct bh_memory_info memory = memory_now();
    for (uint32_t i = 0; i < KILLS; i++) {
        visit(count, 0);
        bh_sleep_for(i % 4 * MS);
        (void)system_kill(system_cap, a.id); // a busy host may let the watchdog be quicker
        wait_for_death(&a, &crash);
        EXPECT(crash.cause == BH_CRASH_KILLED || crash.cause == BH_CRASH_WATCHDOG, "cause %u", crash.cause);
        killed += crash.cause == BH_CRASH_KILLED;
        expect_all_back(count);
        revive(&a);
    }
    EXPECT(killed > KILLS / 2, "killed %u times", killed);
    end_without_leak(&memory);
}

// The domain in the middle dies: its callers stay in the next one until that one dies, too, and come back past the dead.
void processors_kill_the_middle(void) {
    struct bh_crash_info crash;
    uint32_t count = processors();
    restart_all();
    for (uint32_t i = 0; i < KILLS / 4; i++) {
        uint64_t calls = info_of(&b).calls, deadline = bh_time_ns() + PATIENCE_NS;
        visit(count, 1);
        while (info_of(&b).calls < calls + count && info_of(&b).state == BH_DOMAIN_STATE_RUNNING && bh_time_ns() < deadline)
            bh_sleep_for(MS / 10);
        EXPECT_OK(system_kill(system_cap, a.id));
        revive(&a);
        expect_serves(&a);
        wait_for_death(&b, &crash);
        EXPECT(crash.cause == BH_CRASH_WATCHDOG, "cause %u", crash.cause);
        expect_all_back(count);
        revive(&b);
        expect_serves(&b);
    }
}

// Endless loops on each processor in turn: the others are kept busy, so that the loop has to be where none was before.
void processors_watchdog(void) {
    struct bh_crash_info crash;
    uint32_t count = processors(), seen = 0;
    for (uint32_t i = 0; i < 16 * count && seen != (1u << count) - 1; i++) {
        occupy(i % count);
        measure(count);
        visit(1, 0);
        wait_for_death(&a, &crash);
        EXPECT(crash.cause == BH_CRASH_WATCHDOG, "cause %u", crash.cause);
        expect_all_back(1);
        for (uint32_t cpu = 0; cpu < count; cpu++)
            seen |= busy_since(cpu) > 50 * MS ? 1u << cpu : 0;
        vacate();
        revive(&a);
    }
    EXPECT(seen == (1u << count) - 1, "processors 0x%x of %u", seen, count);
}

// ---- memory ----------------------------------------------------------------------------------------------------------------------------

static uint32_t watch_over;

static void watcher(uint64_t address) {
    uint64_t value;
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_WATCH, address, &value), BH_EDEAD);
    __atomic_store_n(&watch_over, 1, __ATOMIC_SEQ_CST);
    bh_thread_exit();
}

static struct watch *share_watch(bh_cap *shared) {
    void *address;
    uint64_t theirs;
    EXPECT_OK(bh_buffer_alloc(4096, shared, &address));
    EXPECT_OK(victim_keep(a.port, *shared, BH_RIGHT_READ | BH_RIGHT_WRITE, &theirs));
    return address;
}

// Once revoke has returned, no touch by a thread that runs elsewhere succeeds any more.
static void watch_revocation(bool write, bool keep_reading) {
    struct bh_crash_info crash;
    bh_cap shared, buffer, other;
    void *address;
    uint64_t theirs, deadline = bh_time_ns() + PATIENCE_NS;
    struct watch *watch = share_watch(&shared);
    EXPECT_OK(bh_buffer_alloc(3 * 4096, &buffer, &address));
    if (keep_reading) {
        EXPECT_OK(bh_cap_derive(buffer, BH_RIGHT_READ | BH_RIGHT_GRANT, &other));
        EXPECT_OK(victim_keep(a.port, other, BH_RIGHT_READ, &theirs));
    }
    EXPECT_OK(bh_cap_derive(buffer, BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_GRANT, &other));
    EXPECT_OK(victim_keep(a.port, other, BH_RIGHT_READ | BH_RIGHT_WRITE, &theirs));
    *watch = (struct watch){.target = theirs + 4096, .write = write, .moment = 1};
    watch_over = 0;
    EXPECT_OK(bh_thread_create(watcher, (uint64_t)watch, 2));
    while (__atomic_load_n(&watch->touched, __ATOMIC_SEQ_CST) != 1) {
        EXPECT(bh_time_ns() < deadline, "nothing is touched");
        bh_yield();
    }
    EXPECT_OK(bh_cap_revoke(other));
    __atomic_store_n(&watch->moment, 2, __ATOMIC_SEQ_CST);
    wait_for_death(&a, &crash);
    EXPECT(crash.cause == BH_CRASH_FAULT, "cause %u", crash.cause);
    EXPECT(watch->touched == 1, "memory was touched after it had been taken away");
    while (!__atomic_load_n(&watch_over, __ATOMIC_SEQ_CST))
        bh_sleep_for(MS / 10);
    EXPECT_OK(bh_cap_drop(other));
    EXPECT_OK(bh_cap_revoke(buffer));
    EXPECT_OK(bh_cap_drop(buffer));
    EXPECT_OK(bh_cap_drop(shared));
    revive(&a);
}

void processors_revocation(void) {
    for (uint32_t i = 0; i < WATCHES; i++)
        watch_revocation(i & 1, i % 3 == 1 && (i & 1));
}
