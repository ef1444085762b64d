// SPDX-License-Identifier: MIT
//
// Revocation while calls through what is revoked are under way, on as many processors as there are: those that are inside end as if nothing had
// happened, none begins after the revocation, and nothing is left over.
#include "conductor.h"

#include "runtime/calls.h"
#include "tests/domains/victim/misbehave.h"

#define CALLERS 4
#define ROUNDS 40

static bh_cap doors[CALLERS];
static uint32_t ended;

static void expect_to_reach(const uint32_t *count, uint32_t wanted, const char *what) {
    for (uint64_t deadline = bh_time_ns() + PATIENCE_NS; __atomic_load_n(count, __ATOMIC_SEQ_CST) < wanted; bh_sleep_for(MS / 10))
        EXPECT(bh_time_ns() < deadline, "%s: %u of %u", what, *count, wanted);
}

// A door to a for each caller, all derived from one.
static bh_cap open_doors(void) {
    bh_cap front;
    EXPECT_OK(bh_cap_derive(a.port, BH_RIGHT_CALL | BH_RIGHT_GRANT, &front));
    for (uint32_t i = 0; i < CALLERS; i++)
        EXPECT_OK(bh_cap_derive_badged(front, BH_RIGHT_CALL, i + 1, &doors[i]));
    return front;
}

static void take_doors_away(bh_cap front) {
    for (uint32_t i = 0; i < CALLERS; i++)
        EXPECT_OK(bh_cap_drop(doors[i]));
    EXPECT_OK(bh_cap_drop(front));
}

// ---- long calls ------------------------------------------------------------------------------------------------------------------------

static bh_cap lent;

// Each call takes time, and is held besides: it answers into our memory, works on a lent buffer, or just waits.
static void long_call(uint64_t number) {
    struct bh_victim_numbers answer = {0};
    switch (number % CALLERS) {
    case 0:
        EXPECT_OK(victim_late(doors[0], MS, &answer));
        EXPECT(answer.first == 0xeeeeeeeeeeeeeeee, "the answer did not come");
        break;
    case 1: EXPECT_OK(victim_fill(doors[1], lent, 0x55, FILL_SLOWLY)); break;
    default: EXPECT_OK(victim_wait(doors[number], MS)); break;
    }
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
    bh_thread_exit();
}

void revoke_during_calls(void) {
    uint64_t same;
    void *address;
    restart_all();
    struct bh_memory_info before = memory_now();
    for (int round = 0; round < 3; round++) {
        bh_cap front = open_doors();
        EXPECT_OK(bh_buffer_alloc(8192, &lent, &address));
        ended = 0;
        hold_all(&a);
        for (uint64_t i = 0; i < CALLERS; i++)
            EXPECT_OK(bh_thread_create(long_call, i, 1));
        wait_until_under_way(&a, CALLERS);
        EXPECT_OK(bh_cap_revoke(round == 2 ? a.port : front)); // from near and from further up
        EXPECT_OK(bh_cap_revoke(lent));
        EXPECT(!ended, "%u calls have ended", ended);
        for (uint32_t i = 0; i < CALLERS; i++)
            EXPECT_ERROR(victim_echo(doors[i], 1, &same), BH_EREVOKED);
        let_go(&a);
        expect_to_reach(&ended, CALLERS, "calls that ended well");
        EXPECT(*(volatile uint8_t *)address == 0x55, "the lent buffer is not filled");
        EXPECT_OK(bh_cap_drop(lent)); // and so it is not lent any more
        take_doors_away(front);
    }
    end_without_leak(&before);
}

// ---- short calls -----------------------------------------------------------------------------------------------------------------------

enum { OPEN, CLOSED, CHANGING, OVER }; // in the low bits of `epoch'
static uint32_t epoch, seen_closed;
static uint64_t came_in, kept_out;

static void short_calls(uint64_t number) {
    uint64_t same;
    uint32_t last = 0;
    for (;;) {
        uint32_t now = __atomic_load_n(&epoch, __ATOMIC_SEQ_CST);
        if ((now & 3) == OVER)
            break;
        enum bh_error error = victim_echo(doors[number], number, &same);
        bool unchanged = __atomic_load_n(&epoch, __ATOMIC_SEQ_CST) == now;
        EXPECT(!error || error == BH_EREVOKED || (now & 3) == CHANGING || !unchanged, "echo: %d", error);
        if ((now & 3) == CLOSED && unchanged) {
            EXPECT(error == BH_EREVOKED, "a call began after the revocation: %d", error);
            __atomic_add_fetch(&seen_closed, last != now, __ATOMIC_SEQ_CST);
            last = now;
            bh_yield();
        }
        __atomic_add_fetch(error ? &kept_out : &came_in, 1, __ATOMIC_SEQ_CST);
    }
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
    bh_thread_exit();
}

static void next_epoch(uint32_t state) {
    __atomic_store_n(&epoch, ((epoch >> 2) + 1) << 2 | state, __ATOMIC_SEQ_CST);
}

// Once revoke has returned, none of the calls that others make all the time begins.
void processors_revoke_calls(void) {
    uint64_t seed = 11;
    restart_all();
    struct bh_memory_info before = memory_now();
    ended = 0;
    bh_cap front = open_doors();
    next_epoch(OPEN);
    for (uint64_t i = 0; i < CALLERS; i++)
        EXPECT_OK(bh_thread_create(short_calls, i, 2));
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t calls = __atomic_load_n(&came_in, __ATOMIC_SEQ_CST), deadline = bh_time_ns() + PATIENCE_NS;
        while (__atomic_load_n(&came_in, __ATOMIC_SEQ_CST) == calls && bh_time_ns() < deadline)
            bh_sleep_for(draw(&seed, 200) * 1000);
        EXPECT_OK(bh_cap_revoke(front));
        seen_closed = 0;
        next_epoch(CLOSED);
        expect_to_reach(&seen_closed, CALLERS, "callers that were refused");
        next_epoch(CHANGING);
        take_doors_away(front);
        front = open_doors();
        next_epoch(OPEN);
    }
    next_epoch(OVER);
    expect_to_reach(&ended, CALLERS, "callers");
    EXPECT_OK(bh_cap_revoke(front));
    take_doors_away(front);
    bh_info("%llu calls came in, %llu were kept out", (unsigned long long)came_in, (unsigned long long)kept_out);
    EXPECT(came_in >= ROUNDS && kept_out >= ROUNDS, "too few calls");
    end_without_leak(&before);
}

// ---- steps -----------------------------------------------------------------------------------------------------------------------------

// One call of the kernel ends a part of a large subtree only; the rest is of no use by then, and it is for the caller to go on.
void revocation_in_steps(void) {
    bh_cap event, leaves[150];
    enum bh_error error;
    uint32_t calls = 1;
    EXPECT_OK(bh_event_create(&event));
    for (uint32_t i = 0; i < 150; i++)
        EXPECT_OK(bh_cap_derive(i < 10 ? event : leaves[i / 10 - 1], BH_RIGHT_SIGNAL | BH_RIGHT_GRANT, &leaves[i]));
    EXPECT_ERROR(bh_call_cap_revoke(event), BH_EAGAIN);
    for (uint32_t i = 0; i < 150; i++)
        EXPECT_ERROR(bh_event_signal(leaves[i]), BH_EREVOKED);
    EXPECT_ERROR(victim_signal_later(a.port, leaves[0], MS), BH_EREVOKED);
    EXPECT_OK(bh_event_signal(event));
    while ((error = bh_call_cap_revoke(event)) == BH_EAGAIN)
        calls++;
    EXPECT_OK(error);
    EXPECT(calls >= 2 && calls <= 10, "%u calls", calls);
    for (uint32_t i = 0; i < 150; i++)
        EXPECT_OK(bh_cap_drop(leaves[i]));
    EXPECT_OK(bh_cap_drop(event));
}
