// SPDX-License-Identifier: MIT
//
// Capabilities: fewer rights, never more; revocation reaches what was derived, in every domain; what the manifest granted stays through
// restarts, what an instance was given goes with it.
#include "conductor.h"

#include "kernel/abi/call.h"
#include "runtime/calls.h"
#include "tests/domains/victim/misbehave.h"

void capability_rights(void) {
    bh_cap event, wait_only, signal_only, none, more;
    EXPECT_OK(bh_event_create(&event));
    EXPECT_OK(bh_cap_derive(event, BH_RIGHT_WAIT, &wait_only));
    EXPECT_OK(bh_cap_derive(event, BH_RIGHT_SIGNAL, &signal_only));
    EXPECT_OK(bh_cap_derive(event, 0, &none));
    EXPECT_ERROR(bh_cap_derive(wait_only, BH_RIGHT_WAIT | BH_RIGHT_SIGNAL, &more), BH_ERIGHTS);
    EXPECT_ERROR(bh_cap_derive(event, ~0u, &more), BH_ERIGHTS);
    EXPECT_ERROR(bh_event_signal(wait_only), BH_ERIGHTS);
    EXPECT_ERROR(bh_event_wait(signal_only, 1), BH_ERIGHTS);
    EXPECT_ERROR(bh_event_signal(none), BH_ERIGHTS);
    EXPECT_OK(bh_event_signal(signal_only));
    EXPECT_OK(bh_event_wait(wait_only, bh_time_ns() + MS));
    EXPECT_ERROR(bh_event_signal(a.port), BH_ECAP);
    EXPECT_ERROR(bh_event_signal(0), BH_ECAP);
    EXPECT_ERROR(bh_cap_find("nothing", &more), BH_ENOENT);
    EXPECT_ERROR(bh_cap_drop(0), BH_ECAP);
    EXPECT_ERROR(bh_cap_drop(200), BH_ECAP);
    EXPECT_ERROR(bh_cap_drop(0xffffffff), BH_ECAP);
}

static void chain(uint32_t length) {
    bh_cap links[180];
    EXPECT_OK(bh_event_create(&links[0]));
    for (uint32_t i = 1; i < length; i++)
        EXPECT_OK(bh_cap_derive(links[i - 1], BH_RIGHT_SIGNAL, &links[i]));
    EXPECT_OK(bh_cap_drop(links[length / 2])); // its children hang on its parent now
    EXPECT_OK(bh_event_signal(links[length - 1]));
    EXPECT_OK(bh_cap_revoke(links[length / 4]));
    EXPECT_OK(bh_event_signal(links[length / 4]));
    EXPECT_ERROR(bh_event_signal(links[length / 4 + 1]), BH_EREVOKED);
    EXPECT_ERROR(bh_event_signal(links[length - 1]), BH_EREVOKED);
    EXPECT_ERROR(bh_cap_derive(links[length - 1], 0, &links[length / 2]), BH_EREVOKED);
    for (uint32_t i = 0; i < length; i++)
        if (i != length / 2)
            EXPECT_OK(bh_cap_drop(links[i]));
    EXPECT_ERROR(bh_cap_drop(links[0]), BH_ECAP);
}

static void through_another_domain(void) {
    bh_cap event, given;
    EXPECT_OK(bh_event_create(&event));
    EXPECT_OK(bh_cap_derive(event, BH_RIGHT_SIGNAL | BH_RIGHT_GRANT, &given));
    EXPECT_OK(victim_signal_later(a.port, given, MS));
    EXPECT_OK(bh_event_wait(event, bh_time_ns() + PATIENCE_NS));
    hold_all(&a);
    EXPECT_OK(victim_signal_later(a.port, given, MS));
    EXPECT_OK(bh_cap_revoke(event)); // given, and what a made of it
    let_go(&a);
    wait_until_under_way(&a, 0);
    EXPECT_ERROR(bh_event_wait(event, bh_time_ns() + 5 * MS), BH_ETIMEDOUT);
    EXPECT_ERROR(victim_signal_later(a.port, given, MS), BH_EREVOKED);
    EXPECT_OK(bh_cap_drop(given));
    EXPECT_OK(bh_cap_drop(event));
}

void capability_revocation(void) {
    bh_cap door, inner;
    uint64_t same;
    uint32_t before = memory_now().caps;
    for (uint32_t length = 8; length <= 180; length += 43)
        chain(length);
    through_another_domain();
    EXPECT_OK(bh_cap_derive(b.port, BH_RIGHT_CALL | BH_RIGHT_GRANT, &door));
    EXPECT_OK(bh_cap_derive(door, BH_RIGHT_CALL, &inner));
    EXPECT_OK(victim_echo(inner, 5, &same));
    EXPECT_OK(bh_cap_revoke(b.port));
    EXPECT_ERROR(victim_echo(inner, 5, &same), BH_EREVOKED);
    EXPECT_ERROR(victim_echo(door, 5, &same), BH_EREVOKED);
    expect_serves(&b);
    EXPECT_OK(bh_cap_drop(inner));
    EXPECT_OK(bh_cap_drop(door));
    for (uint64_t deadline = bh_time_ns() + PATIENCE_NS; memory_now().caps != before && bh_time_ns() < deadline;) // a drops its own, too
        bh_sleep_for(MS / 4);
    EXPECT(memory_now().caps == before, "%u capabilities then %u", before, memory_now().caps);
}

void restart_keeps_capabilities(void) {
    bh_cap event;
    struct bh_crash_info crash;
    uint64_t value;
    wait_until_holds(&a, 5);
    for (int round = 0; round < 5; round++) {
        EXPECT_OK(bh_event_create(&event));
        EXPECT_OK(victim_signal_later(a.port, event, PATIENCE_NS)); // a holds one more, which dies with it
        EXPECT(info_of(&a).caps == 6, "a holds %u", info_of(&a).caps);
        EXPECT_OK(system_inject(system_cap, a.id, BH_INJECT_NULL));
        wait_for_death(&a, &crash);
        EXPECT(info_of(&a).caps == 3, "dead a holds %u", info_of(&a).caps);
        revive(&a);
        wait_until_holds(&a, 5);
        EXPECT_OK(victim_relay(a.port, 2, 0, 0, &value)); // by its "next"
        EXPECT_OK(victim_relay(c.port, 1, 0, 0, &value)); // others' capabilities to it
        EXPECT_OK(bh_cap_drop(event));
    }
}

// An instance may give up what the manifest granted; the next one has it again.
void given_up_capabilities(void) {
    uint64_t value = 0;
    EXPECT_OK(victim_relay(b.port, 0, MISBEHAVE_GIVE_UP, 0, &value));
    EXPECT_ERROR(victim_relay(b.port, 1, 0, 0, &value), BH_ENOENT); // no "next" any more
    EXPECT_ERROR(victim_relay(b.port, 0, MISBEHAVE_GIVE_UP, 0, &value), BH_ENOENT);
    EXPECT_OK(system_kill(system_cap, b.id));
    revive(&b);
    EXPECT_OK(victim_relay(b.port, 1, 0, 0, &value));
    EXPECT(value == 2, "relay gave %llu", (unsigned long long)value);
}
