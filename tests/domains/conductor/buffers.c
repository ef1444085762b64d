// SPDX-License-Identifier: MIT
//
// Buffers: lent for a call, moved for good, shared with fewer rights; who may touch them when, and whose memory they are.
#include "conductor.h"

#include <string.h>

#include "tests/domains/victim/misbehave.h"

#define SIZE 8192

static void make(bh_cap *buffer, uint8_t **bytes, uint8_t value) {
    void *address;
    EXPECT_OK(bh_buffer_alloc(SIZE, buffer, &address));
    *bytes = address;
    for (size_t i = 0; i < SIZE; i++)
        EXPECT(!(*bytes)[i], "a new buffer is not zero");
    memset(*bytes, value, SIZE);
}

static bool all(const uint8_t *bytes, uint8_t value) {
    for (size_t i = 0; i < SIZE; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static uint64_t slot_of(const struct victim *victim, const void *address) {
    return (uint64_t)victim->id << 32 | (uint32_t)(uintptr_t)address;
}

// Reading or writing there kills the victim.
static void expect_no_access(const struct victim *victim, const void *address, uint32_t write) {
    struct bh_crash_info crash;
    uint64_t value;
    EXPECT_ERROR(victim_poke(victim->port, slot_of(victim, address), write, &value), BH_EDEAD);
    wait_for_death(victim, &crash);
    EXPECT(crash.cause == BH_CRASH_FAULT, "cause %u", crash.cause);
    revive(victim);
}

void buffers_lent(void) {
    bh_cap buffer, read_only;
    uint8_t *bytes;
    struct bh_crash_info crash;
    make(&buffer, &bytes, 1);
    uint32_t before = info_of(&a).caps;
    EXPECT_OK(victim_fill(a.port, buffer, 7, 0));
    EXPECT(all(bytes, 7), "the borrower's writes are not seen");
    EXPECT(info_of(&a).caps == before, "the borrower kept a capability");
    expect_no_access(&a, bytes, 0);
    EXPECT(all(bytes, 7), "somebody wrote");
    // The borrower dies with it: it is ours again, with what was written.
    EXPECT_ERROR(victim_fill(a.port, buffer, 9, BH_INJECT_UNDEFINED), BH_EDEAD);
    wait_for_death(&a, &crash);
    EXPECT(all(bytes, 9), "the buffer was lost");
    bytes[0] = 1;
    revive(&a);
    expect_no_access(&a, bytes, 0);
    EXPECT_OK(bh_cap_derive(buffer, BH_RIGHT_READ, &read_only));
    EXPECT_ERROR(victim_fill(a.port, read_only, 3, 0), BH_ERIGHTS); // refused by buffer_map
    EXPECT_OK(bh_cap_drop(read_only));
    EXPECT_OK(victim_fill(b.port, buffer, 4, 0)); // and c, which is in the other colour
    EXPECT_OK(victim_fill(c.port, buffer, 5, 0));
    EXPECT(all(bytes, 5), "c did not fill it");
    EXPECT_OK(bh_cap_drop(buffer));
    EXPECT_ERROR(victim_fill(a.port, buffer, 4, 0), BH_ECAP);
}

void buffers_moved(void) {
    bh_cap buffer;
    uint8_t *bytes;
    uint64_t sum;
    struct bh_buffer_info info;
    struct bh_crash_info crash;
    struct bh_memory_info before = memory_now();
    make(&buffer, &bytes, 2);
    uint64_t ours = info_of(&(struct victim){.id = 1}).memory_used, theirs = info_of(&a).memory_used;
    EXPECT_OK(victim_take(a.port, buffer, &sum));
    EXPECT(sum == 2 * SIZE, "the sum is %llu", (unsigned long long)sum);
    EXPECT_ERROR(bh_buffer_info(buffer, &info), BH_ECAP);
    EXPECT(info_of(&(struct victim){.id = 1}).memory_used == ours - SIZE, "it still counts as ours");
    EXPECT(info_of(&a).memory_used == theirs + SIZE, "it does not count as theirs");
    EXPECT_OK(victim_forget(a.port));
    uint64_t left = info_of(&a).memory_used;
    EXPECT(left == theirs, "giving it up did not free it: %llu bytes, and %llu before", (unsigned long long)left, (unsigned long long)theirs);
    struct bh_memory_info after = memory_now();
    expect_no_leak(&before, &after);
    // The receiver dies, and the buffer with it.
    make(&buffer, &bytes, 2);
    EXPECT_OK(victim_take(a.port, buffer, &sum));
    EXPECT_OK(system_kill(system_cap, a.id));
    EXPECT(memory_now().buffers == before.buffers, "a dead domain keeps a buffer");
    revive(&a);
    // The sender touches it: its own fault.
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_MOVE_AND_TOUCH, 0, &sum), BH_EDEAD);
    wait_for_death(&a, &crash);
    EXPECT(crash.cause == BH_CRASH_FAULT && info_of(&b).state == BH_DOMAIN_STATE_RUNNING, "cause %u", crash.cause);
    EXPECT(memory_now().buffers == before.buffers + 1, "what b was given went with a");
    EXPECT_OK(victim_forget(b.port));
    EXPECT(memory_now().buffers == before.buffers, "b could not free it");
    revive(&a);
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_MOVE_SHARED, 0, &sum), BH_ECAP);
    EXPECT_OK(victim_forget(b.port));
}

void buffers_shared(void) {
    bh_cap buffer, read_only;
    uint8_t *bytes;
    uint64_t address, value;
    make(&buffer, &bytes, 3);
    EXPECT_OK(bh_cap_derive(buffer, BH_RIGHT_READ | BH_RIGHT_GRANT, &read_only));
    EXPECT_ERROR(victim_keep(a.port, read_only, BH_RIGHT_READ | BH_RIGHT_WRITE, &address), BH_ERIGHTS);
    EXPECT_OK(victim_keep(a.port, read_only, BH_RIGHT_READ, &address));
    EXPECT((uint32_t)address == (uint32_t)(uintptr_t)bytes, "it stands at 0x%llx there", (unsigned long long)address);
    EXPECT_OK(victim_poke(a.port, address, 0, &value));
    EXPECT(value == 0x0303030303030303ull, "a reads %llx", (unsigned long long)value);
    bytes[0] = 4;
    EXPECT_OK(victim_poke(a.port, address, 0, &value));
    EXPECT((uint8_t)value == 4, "a does not see what we write");
    expect_no_access(&a, bytes, 1); // a write
    EXPECT(bytes[0] == 4, "a wrote");
    expect_no_access(&a, bytes, 0); // the new instance was given nothing
    // Taken back.
    EXPECT_OK(victim_keep(a.port, read_only, BH_RIGHT_READ, &address));
    EXPECT_OK(victim_poke(a.port, address, 0, &value));
    EXPECT_OK(bh_cap_revoke(buffer));
    expect_no_access(&a, bytes, 0);
    // Given up.
    EXPECT_OK(victim_keep(a.port, buffer, BH_RIGHT_READ | BH_RIGHT_WRITE, &address));
    EXPECT_OK(victim_poke(a.port, address, 99, &value));
    EXPECT(bytes[0] == 99, "a's write is not seen");
    EXPECT_OK(victim_forget(a.port));
    expect_no_access(&a, bytes, 0);
    EXPECT_ERROR(bh_cap_drop(read_only), BH_OK);
}

// An accomplice that had it shared, by a capability that nothing joins any more to the one that is moved, has lost it.
void buffers_moved_away(void) {
    bh_cap buffer, other;
    uint8_t *bytes;
    uint64_t address, value, sum;
    make(&buffer, &bytes, 3);
    EXPECT_OK(bh_cap_derive(buffer, BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_GRANT, &other));
    EXPECT_OK(victim_keep(b.port, buffer, BH_RIGHT_READ | BH_RIGHT_WRITE, &address));
    EXPECT_OK(victim_poke(b.port, address, 7, &value));
    EXPECT_OK(bh_cap_drop(buffer));
    EXPECT_OK(victim_take(a.port, other, &sum));
    expect_no_access(&b, (const void *)address, 9);
    EXPECT_OK(victim_poke(a.port, slot_of(&a, (const void *)address), 0, &value));
    EXPECT(value == 7, "the accomplice wrote %llu", (unsigned long long)value);
    EXPECT_OK(victim_forget(a.port));
}

static void expect_filled(uint32_t kind) {
    bh_cap buffer;
    uint8_t *bytes;
    make(&buffer, &bytes, 1);
    EXPECT_OK(victim_fill(a.port, buffer, 5, kind));
    EXPECT(all(bytes, 5), "kind %u: it is not as the borrower left it", kind);
    bh_sleep_for(100 * MS);
    EXPECT(all(bytes, 5), "kind %u: somebody writes to it after the call", kind);
    EXPECT_OK(bh_cap_drop(buffer));
}

// A borrower cannot keep it beyond the call by another thread that lends it on.
void buffers_lent_on(void) {
    expect_filled(FILL_LEND_ON);
    expect_filled(FILL_LEND_DERIVED);
    expect_serves(&a);
    expect_serves(&b);
    EXPECT(info_of(&a).restarts == 0 && info_of(&b).restarts == 0, "somebody died");
}

static volatile enum bh_error lender_result;
static bh_cap lender_done;
static bh_cap lent_buffer;

static void lend_slowly(uint64_t unused) {
    (void)unused;
    lender_result = victim_fill(b.port, lent_buffer, 4, FILL_SLOWLY);
    (void)bh_event_signal(lender_done);
    bh_thread_exit();
}

// Nor is it moved while it is lent: the receiver would share it with the borrower.
void buffers_moved_while_lent(void) {
    uint8_t *bytes;
    uint64_t sum;
    EXPECT_OK(bh_event_create(&lender_done));
    make(&lent_buffer, &bytes, 3);
    hold_all(&b);
    EXPECT_OK(bh_thread_create(lend_slowly, 0, 2));
    wait_until_under_way(&b, 1);
    EXPECT_ERROR(victim_take(c.port, lent_buffer, &sum), BH_EBUSY);
    let_go(&b);
    EXPECT_OK(bh_event_wait(lender_done, bh_time_ns() + PATIENCE_NS));
    EXPECT_OK(lender_result);
    EXPECT_OK(victim_take(c.port, lent_buffer, &sum));
    EXPECT(sum == 4 * SIZE, "the sum is %llu", (unsigned long long)sum);
    EXPECT_OK(victim_forget(c.port));
}

// A server cannot end its caller's thread and so keep what the call lent it.
void buffers_lent_to_who_ends_the_thread(void) {
    uint8_t *bytes;
    uint64_t sum;
    struct bh_crash_info crash;
    make(&lent_buffer, &bytes, 3);
    EXPECT_ERROR(victim_fill(b.port, lent_buffer, 4, FILL_END_THREAD), BH_EDEAD);
    EXPECT_OK(victim_take(c.port, lent_buffer, &sum));
    EXPECT(sum == 4 * SIZE, "the sum is %llu", (unsigned long long)sum);
    EXPECT_OK(victim_forget(c.port));
    wait_for_death(&b, &crash);
    EXPECT(crash.cause == BH_CRASH_PROTOCOL, "cause %u", crash.cause);
    revive(&b);
}

static void lender(uint64_t unused) {
    uint64_t value = 0;
    (void)unused;
    lender_result = victim_relay(a.port, 0, MISBEHAVE_LEND_SLOWLY, 0, &value);
    (void)bh_event_signal(lender_done);
    bh_thread_exit();
}

// Whoever has a buffer lent does not fault because the lender died; whoever has it shared loses it.
void buffer_owner_dies(void) {
    uint64_t value = 0;
    struct bh_crash_info crash;
    uint32_t before = memory_now().buffers;
    EXPECT_OK(bh_event_create(&lender_done));
    hold_all(&b);
    EXPECT_OK(bh_thread_create(lender, 0, 2));
    wait_until_under_way(&b, 1);
    EXPECT_OK(system_kill(system_cap, a.id));
    revive(&a);
    let_go(&b);
    EXPECT_OK(bh_event_wait(lender_done, bh_time_ns() + PATIENCE_NS));
    EXPECT(lender_result == BH_EDEAD, "the lender's caller got %d", lender_result);
    EXPECT(info_of(&b).restarts == 0 && info_of(&b).state == BH_DOMAIN_STATE_RUNNING, "the borrower died");
    expect_serves(&b);
    EXPECT(memory_now().buffers == before, "the buffer stayed after the call");
    EXPECT_ERROR(victim_relay(a.port, 0, MISBEHAVE_SHARE_AND_DIE, 0, &value), BH_EDEAD);
    wait_for_death(&a, &crash);
    EXPECT(memory_now().buffers == before, "a dead domain's buffer stays");
    EXPECT_OK(victim_forget(b.port)); // of a revoked capability
    revive(&a);
}

enum { EXHAUST_THREADS = 3 };

static void exhaust(uint32_t what, enum bh_error expected, const char *name) {
    uint64_t got = 0;
    uint32_t failure = 0;
    struct bh_domain_info before = info_of(&a);
    struct bh_crash_info crash;
    EXPECT_OK(victim_exhaust(a.port, what, &got, &failure));
    struct bh_domain_info after = info_of(&a);
    EXPECT(failure == (uint32_t)-expected, "%s: after %llu: error -%u, expected %d", name, (unsigned long long)got, failure, expected);
    EXPECT(after.memory_used <= after.memory_quota, "%s: %llu of %llu used", name, (unsigned long long)after.memory_used,
           (unsigned long long)after.memory_quota);
    EXPECT(got > 3, "%s: only %llu", name, (unsigned long long)got);
    // It lives, and so do the others. When all its threads have their stacks there may be no memory for one more: its callers are told.
    uint64_t same;
    enum bh_error answer = victim_echo(a.port, got, &same);
    EXPECT((!answer && same == got) || (what == EXHAUST_THREADS && answer == BH_ENOMEM), "%s: then: %s", name, bh_strerror(answer));
    expect_serves(&b);
    EXPECT_OK(system_kill(system_cap, a.id));
    wait_for_death(&a, &crash);
    revive(&a);
    wait_until_holds(&a, before.caps);
    EXPECT(info_of(&a).memory_used == before.memory_used, "%s: %llu bytes, %llu before", name, (unsigned long long)info_of(&a).memory_used,
           (unsigned long long)before.memory_used);
}

void quotas(void) {
    wait_until_holds(&a, 5);
    bh_sleep_for(2 * MS);
    exhaust(0, BH_ENOMEM, "heap"); // what malloc makes of EQUOTA
    exhaust(1, BH_EQUOTA, "capabilities");
    exhaust(2, BH_EQUOTA, "buffers");
    exhaust(EXHAUST_THREADS, BH_EQUOTA, "threads");
    struct bh_memory_info before = memory_now();
    for (int i = 0; i < 300; i++) {
        bh_cap buffer;
        void *address;
        EXPECT_OK(bh_buffer_alloc(1 << 20, &buffer, &address));
        ((uint8_t *)address)[(1 << 20) - 1] = 1;
        EXPECT_OK(bh_cap_drop(buffer));
    }
    struct bh_memory_info after = memory_now();
    expect_no_leak(&before, &after);
    bh_cap buffer;
    void *address;
    EXPECT_ERROR(bh_buffer_alloc(0, &buffer, &address), BH_ERANGE);
    EXPECT_ERROR(bh_buffer_alloc(~0ull, &buffer, &address), BH_ERANGE);
    EXPECT_ERROR(bh_buffer_alloc(1ull << 30, &buffer, &address), BH_EQUOTA);
}

static uint32_t served, came;
static bh_cap crowd_event;

static void one_of_many(uint64_t unused) {
    uint64_t same;
    (void)unused;
    __atomic_add_fetch(&served, victim_echo(a.port, 7, &same) == BH_OK, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&came, 1, __ATOMIC_SEQ_CST);
    (void)bh_event_wait(crowd_event, 0); // stays, with its data stack in a
    bh_thread_exit();
}

// Each thread that ever called has a data stack of the server's memory: when that runs out, those go that nobody uses.
void many_callers(void) {
    uint32_t count = 0;
    EXPECT_OK(bh_event_create(&crowd_event));
    while (bh_thread_create(one_of_many, 0, 2) == BH_OK)
        count++;
    for (uint64_t deadline = bh_time_ns() + PATIENCE_NS; __atomic_load_n(&came, __ATOMIC_SEQ_CST) < count; bh_sleep_for(MS))
        EXPECT(bh_time_ns() < deadline, "%u of %u threads came back", came, count);
    EXPECT(count >= 25 && served == count, "%u of %u threads were served", served, count);
    struct bh_domain_info info = info_of(&a);
    EXPECT(info.memory_used <= info.memory_quota, "%llu of %llu used", (unsigned long long)info.memory_used, (unsigned long long)info.memory_quota);
    uint64_t got;
    uint32_t failure;
    EXPECT_OK(victim_exhaust(a.port, 2, &got, &failure)); // all of its memory
    EXPECT(failure == (uint32_t)-BH_EQUOTA && got > 5, "%llu buffers, then -%u", (unsigned long long)got, failure);
    expect_serves(&a);
    for (uint32_t i = 0; i < count; i++) {
        EXPECT_OK(bh_event_signal(crowd_event));
        bh_yield();
    }
    bh_sleep_for(5 * MS);
    expect_serves(&a);
}

#define BUFFERS_MAX 180
static bh_cap hoard[BUFFERS_MAX];

static uint32_t take_all_memory(uint32_t have) {
    void *address;
    enum bh_error error = BH_OK;
    for (size_t size = 1 << 20; size >= 4096; size /= 4)
        for (error = BH_OK; !error && have < BUFFERS_MAX;) {
            error = bh_buffer_alloc(size, &hoard[have], &address);
            have += !error;
        }
    EXPECT(error == BH_ENOMEM, "%u buffers, then %d", have, error);
    return have;
}

// The machine (16 MiB here), not a quota: whoever wants more is refused, everybody else goes on, and what was freed serves again.
void memory_runs_out(void) {
    struct bh_crash_info crash;
    EXPECT_OK(bh_event_create(&crowd_event)); // for which threads wait: one that ended would give its memory to the next
    uint32_t have = take_all_memory(0), threads = 0;
    expect_serves(&a);
    expect_serves(&c);
    enum bh_error error = BH_OK;
    for (; threads < 10 && !(error = bh_thread_create(one_of_many, 0, 2)); threads++)
        ;
    EXPECT_ERROR(error, BH_ENOMEM);
    EXPECT_OK(system_kill(system_cap, a.id));
    wait_for_death(&a, &crash);
    have = take_all_memory(have);
    for (int i = 0; i < 5; i++)
        EXPECT_ERROR(system_restart(system_cap, a.id), BH_ENOMEM);
    EXPECT(info_of(&a).state == BH_DOMAIN_STATE_DEAD && info_of(&a).memory_used == 0, "a is half alive: %llu bytes",
           (unsigned long long)info_of(&a).memory_used);
    expect_serves(&b);
    while (have)
        EXPECT_OK(bh_cap_drop(hoard[--have]));
    revive(&a);
    expect_serves(&a);
    for (uint32_t i = 0; i < threads; i++) {
        EXPECT_OK(bh_event_signal(crowd_event));
        bh_yield();
    }
}
