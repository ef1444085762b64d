// SPDX-License-Identifier: MIT
//
// A thousand deaths and restarts later, the kernel has given nothing away.
#include "conductor.h"

#define ROUNDS 1000

static void one_round(uint32_t round) {
    static const enum bh_inject kinds[] = {BH_INJECT_NULL, BH_INJECT_UNDEFINED, BH_INJECT_DIVIDE, BH_INJECT_CONTROL_STACK,
                                           BH_INJECT_DATA_STACK, BH_INJECT_PANIC};
    enum bh_inject kind = kinds[round % (sizeof(kinds) / sizeof(*kinds))];
    struct bh_crash_info crash;
    uint64_t value;
    if (round % 3 == 0)
        EXPECT_ERROR(victim_relay(c.port, 1, kind, 0, &value), BH_EDEAD); // through c into a
    else if (round % 3 == 1)
        EXPECT_ERROR(victim_crash(a.port, kind), BH_EDEAD);
    else
        EXPECT_OK(system_inject(system_cap, a.id, kind));
    wait_for_death(&a, &crash);
    revive(&a);
}

// A thread that ended last may still hold its stacks until the next one ends.
static struct bh_memory_info settled(void) {
    bh_sleep_for(2 * MS);
    return memory_now();
}

void leaks(void) {
    for (uint32_t round = 0; round < 6; round++)
        one_round(round);
    struct bh_memory_info before = settled();
    struct bh_domain_info a_before = info_of(&a), c_before = info_of(&c);
    for (uint32_t round = 0; round < ROUNDS; round++)
        one_round(round);
    struct bh_memory_info after = settled();
    struct bh_domain_info a_after = info_of(&a), c_after = info_of(&c);
    bh_info("free %llu then %llu, threads %u then %u, buffers %u then %u, capabilities %u then %u", (unsigned long long)before.free_bytes,
            (unsigned long long)after.free_bytes, before.threads, after.threads, before.buffers, after.buffers, before.caps, after.caps);
    expect_no_leak(&before, &after);
    EXPECT(a_before.memory_used == a_after.memory_used, "a: %llu then %llu bytes used", (unsigned long long)a_before.memory_used,
           (unsigned long long)a_after.memory_used);
    EXPECT(c_before.memory_used == c_after.memory_used, "c: %llu then %llu bytes used", (unsigned long long)c_before.memory_used,
           (unsigned long long)c_after.memory_used);
    EXPECT(a_after.restarts == a_before.restarts + ROUNDS, "%u restarts", a_after.restarts);
}
